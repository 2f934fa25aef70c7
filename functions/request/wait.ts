// How long a caller is ready to wait for the outcome: `?wait=N`, or `Prefer: wait=N` (RFC 7240), seconds.
import * as v from 'valibot'
import { Problem } from '../../shared/model/problem.ts'
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

/**
 * Milliseconds; 0 = no wait. `?wait=` goes before the header. A preference that is too long is cut; other preferences are
 * ignored. Throws `request.invalid` for a `wait` that is no number: who asked to wait must not think that we did.
 */
export function readWaitMs(c: AppContext, query: number | undefined): number {
  const preferred = /(?:^|[,;\s])wait(?:\s*=\s*([^,;\s]*))?(?=$|[,;\s])/i.exec(c.req.header('prefer') ?? '')
  if (preferred && !/^\d{1,6}$/.test(preferred[1] ?? ''))
    throw new Problem('request.invalid', {
      errors: [{ path: 'Prefer', message: 'must say wait= with a whole number of seconds' }],
    })
  if (query !== undefined) return query * 1000
  if (!preferred) return 0
  const seconds = Math.min(Number(preferred[1]), maxWaitSeconds)
  c.header('Preference-Applied', `wait=${seconds}`)
  return seconds * 1000
}
