// GET /v1/events with `Accept: text/event-stream`: the feed as server-sent events, resumed by `Last-Event-ID`.
import * as v from 'valibot'
import { parsePlace } from '../../../shared/feed/place-text.ts'
import { Problem } from '../../../shared/model/problem.ts'
import { TypePatterns } from '../../../shared/model/type-patterns.ts'
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'

const Names = v.pipe(
  v.string(),
  v.maxLength(10_000),
  v.transform((text) => text.split(',').map((name) => name.trim())),
)

const StreamQuery = v.strictObject({
  /** `ses1,team`. Absent, or `*`: all the key may see, sessions to come included. */
  stream: v.optional(Names),
  types: v.optional(v.pipe(Names, TypePatterns)),
  /** A cursor, `ses1:120,team:9`, as every `id` is one; of a single stream also its number alone. */
  after: v.optional(v.pipe(v.string(), v.maxLength(16_000))),
})
type StreamQuery = v.InferOutput<typeof StreamQuery>

export const streamEvents = (api: Api) =>
  operation(api, { scope: 'events.read', query: StreamQuery }, async (c, { actor, query }) => {
    const streams = query.stream === undefined || query.stream.includes('*') ? undefined : query.stream
    const body = await api.eventStreams.open(actor, {
      streams,
      types: query.types,
      after: readAfter(c.req.header('last-event-id'), query, streams),
    })
    c.header('X-Accel-Buffering', 'no')
    return c.body(body, 200, { 'Content-Type': 'text/event-stream' })
  })

/** What a reader that comes back says goes before what its address says. Streams that are gone are left out later. */
function readAfter(
  lastId: string | undefined,
  query: StreamQuery,
  streams: string[] | undefined,
): ReadonlyMap<string, number> | undefined {
  const text = lastId === undefined || lastId === '' ? query.after : lastId
  if (text === undefined) return undefined
  const [single, ...others] = streams ?? []
  if (/^\d{1,15}$/.test(text) && single !== undefined && others.length === 0) return new Map([[single, Number(text)]])
  const place = parsePlace(text)
  if (!place)
    throw new Problem('cursor.invalid', {
      errors: [{ path: text === lastId ? 'Last-Event-ID' : 'after', message: 'is not a cursor of ours' }],
    })
  return place
}
