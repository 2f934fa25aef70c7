// How long a caller is ready to wait for the outcome: `?wait=N`, or `Prefer: wait=N` (RFC 7240), seconds.
import * as v from 'valibot'
import type { AppContext } from '../operation.ts'
import { maxWaitSeconds } from '../waits.ts'

export const Wait = v.optional(
  v.pipe(
    v.string(),
    v.regex(/^\d{1,3}$/, 'must be a whole number of seconds'),
    v.transform(Number),
    v.maxValue(maxWaitSeconds, `must be at most ${maxWaitSeconds}`),
  ),
)
export const WaitQuery = v.strictObject({ wait: Wait })

/** Milliseconds; 0 = no wait. A preference that is too long is cut, and one that is not understood ignored. */
export function readWaitMs(c: AppContext, query: number | undefined): number {
  if (query !== undefined) return query * 1000
  const preferred = /(?:^|[,;\s])wait=(\d{1,6})(?=$|[,;\s])/i.exec(c.req.header('prefer') ?? '')?.[1]
  if (preferred === undefined) return 0
  const seconds = Math.min(Number(preferred), maxWaitSeconds)
  c.header('Preference-Applied', `wait=${seconds}`)
  return seconds * 1000
}
