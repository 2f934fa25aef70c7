// The socket protocol's frames: what clients may say, and what the relay says.
import * as v from 'valibot'
import { toFaults } from '../../shared/model/faults.ts'
import type { FieldFault } from '../../shared/model/problem.ts'
import { sessionIdPattern } from '../../shared/model/session.ts'
import { TypePatterns } from '../../shared/model/type-patterns.ts'

const Stream = v.pipe(v.string(), v.regex(sessionIdPattern, 'must be a session id, or team'))
const Place = v.pipe(v.number(), v.safeInteger('must be a whole number'), v.minValue(0))
/** A Map, as a stream may be called `__proto__`; valibot's own record drops such a key in silence. */
const Places = v.pipe(
  v.custom<object>(
    (given) => typeof given === 'object' && given !== null && !Array.isArray(given),
    'must be an object',
  ),
  v.rawTransform(({ dataset, addIssue }) => {
    const places = new Map<string, number>()
    for (const [stream, value] of Object.entries(dataset.value) as [string, unknown][]) {
      const checked = v.safeParse(v.object({ stream: Stream, place: Place }), { stream, place: value })
      if (checked.success) places.set(stream, checked.output.place)
      else
        for (const { message } of toFaults(checked.issues))
          addIssue({ message, path: [{ type: 'object', origin: 'value', input: {}, key: stream, value }] })
    }
    return places
  }),
)
const Id = v.optional(v.union([v.number(), v.pipe(v.string(), v.maxLength(64))]))

export const Subscribe = v.strictObject({
  op: v.literal('subscribe'),
  id: Id,
  /** `["*"]` = all this key may see. */
  streams: v.pipe(v.array(v.union([v.literal('*'), Stream])), v.minLength(1), v.maxLength(1_000)),
  types: v.optional(TypePatterns),
  /** Absent: live from now. Present: a stream missing from it is played from its first event. */
  after: v.optional(Places),
})
export type Subscribe = v.InferOutput<typeof Subscribe>

export const ClientFrame = v.variant('op', [
  Subscribe,
  v.strictObject({ op: v.literal('unsubscribe'), id: Id }),
  v.strictObject({ op: v.literal('pong') }),
  v.strictObject({ op: v.literal('ping') }),
])
export type ClientFrame = v.InferOutput<typeof ClientFrame>

export type FrameId = v.InferOutput<typeof Id>

/** As in REST where REST has the same; `cursor_too_old` and `slow_consumer` are the protocol's own words. */
export type ErrorCode =
  | 'auth.invalid'
  | 'cursor.invalid'
  | 'cursor_too_old'
  | 'frame.invalid'
  | 'rate.limited'
  | 'session.not_found'
  | 'slow_consumer'
  | 'store.unavailable'
  | 'subscription.exists'
  | 'subscription.not_found'
  | 'subscription.too_many'

/** Close codes of our own, in the range RFC 6455 leaves to applications. */
export const closeCodes = { unauthorized: 4401, tooManySockets: 4429, slowConsumer: 1013, goingAway: 1001 } as const

/** A frame, or the faults of what was sent instead. */
export function parseFrame(text: string): { frame: ClientFrame } | { faults: FieldFault[]; id: FrameId } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { faults: [{ path: '', message: 'is not JSON' }], id: undefined }
  }
  const result = v.safeParse(ClientFrame, value)
  if (result.success) return { frame: result.output }
  const id = v.safeParse(v.object({ id: Id }), value)
  return { faults: toFaults(result.issues.slice(0, 20)), id: id.success ? id.output.id : undefined }
}
