// GET /v1/events: a stream's facts in order, from a place on. The place comes back with every page, also when nothing matched.
import * as v from 'valibot'
import {
  createTypeFilter,
  teamStream,
  toEventView,
  TypePattern,
  type StoredEvent,
} from '../../../shared/model/event.ts'
import { formatCursor, PageQuery, parseCursor } from '../../../shared/model/page.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Actor } from '../../../shared/model/api-key.ts'
import type { Api } from '../../deps.ts'
import { authorizeSession, operation } from '../../operation.ts'

/** Rows read in one go, and rows looked at for one page when a filter matches little. */
const chunk = 500
const longestScan = 5_000

const EventsQuery = v.strictObject({
  ...PageQuery.entries,
  /** A session's id, or `team`. */
  stream: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  /** The last number seen. Absent: from the oldest event that is kept. */
  after: v.optional(v.pipe(v.string(), v.regex(/^\d{1,15}$/, 'must be a whole number'), v.transform(Number))),
  /** `message.*,session.connected`; absent = every type. */
  types: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(2000),
      v.transform((text) => text.split(',').map((type) => type.trim())),
      v.array(TypePattern),
    ),
  ),
})
type EventsQuery = v.InferOutput<typeof EventsQuery>

export const listEvents = (api: Api) =>
  operation(api, { scope: 'events.read', query: EventsQuery }, async (c, { actor, query }) => {
    await authorizeStream(api, actor, query.stream)
    const after = readAfter(query)
    const matches = createTypeFilter(query.types)
    const data: StoredEvent[] = []
    let place = after ?? 0
    let isAtEnd = false
    let isFirst = true
    for (let scanned = 0; !isAtEnd && data.length < query.limit && scanned < longestScan;) {
      const rows = await api.store.events.read(query.stream, place, chunk)
      if (isFirst) await refuseBadPlace(api, query.stream, after, rows[0])
      isFirst = false
      isAtEnd = rows.length < chunk
      scanned += rows.length
      for (const row of rows) {
        if (data.length === query.limit) {
          isAtEnd = false
          break
        }
        place = row.seq
        if (matches(row.type)) data.push(row)
      }
    }
    return c.json({
      data: data.map(toEventView),
      nextCursor: isAtEnd ? null : formatCursor('events', [query.stream, place]),
      /** The place scanned so far: `after` of the next request. */
      at: { [query.stream]: place },
    })
  })

/** Whoever is limited to sessions does not see the team's stream. */
async function authorizeStream(api: Api, actor: Actor, stream: string): Promise<void> {
  if (stream === teamStream && actor.sessions === undefined) return
  await authorizeSession(api, actor, stream, 'events.read')
  await api.sessions.mustExist(stream)
}

function readAfter(query: EventsQuery): number | undefined {
  if (query.cursor === undefined) return query.after
  const [stream, place] = parseCursor('events', query.cursor, ['string', 'number']) as [string, number]
  if (stream !== query.stream || query.after !== undefined || !Number.isSafeInteger(place) || place < 0)
    throw invalidCursor('cursor')
  return place
}

/** A place before what is kept would skip events in silence; one that was never reached is not ours. */
async function refuseBadPlace(api: Api, stream: string, after: number | undefined, next: StoredEvent | undefined) {
  if (after === undefined || next?.seq === after + 1) return
  const head = next ? Infinity : await api.store.events.headOf(stream)
  if (after > head) throw invalidCursor('after')
  if (after < head)
    throw new Problem('cursor.too_old', {
      detail: 'Events after this place are no longer kept; begin again without `after`',
      errors: [{ path: 'after', message: 'is older than what is kept' }],
    })
}

function invalidCursor(path: string): Problem {
  return new Problem('cursor.invalid', { errors: [{ path, message: 'is not a place of this stream' }] })
}
