// The socket protocol's frames: what clients may say, and what the relay says.
import * as v from 'valibot'
import { sessionIdPattern } from '../../shared/model/session.ts'
import { TypePatterns } from '../../shared/model/type-patterns.ts'

const Stream = v.pipe(v.string(), v.regex(sessionIdPattern, 'must be a session id, or team'))
const Place = v.pipe(v.number(), v.safeInteger('must be a whole number'), v.minValue(0))
const Id = v.optional(v.union([v.number(), v.pipe(v.string(), v.maxLength(64))]))

export const Subscribe = v.strictObject({
  op: v.literal('subscribe'),
  id: Id,
  /** `["*"]` = all this key may see. */
  streams: v.pipe(v.array(v.union([v.literal('*'), Stream])), v.minLength(1), v.maxLength(1_000)),
  types: v.optional(TypePatterns),
  /** Absent: live from now. Present: a stream missing from it is played from its first event. */
  after: v.optional(v.record(Stream, Place)),
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

export type ErrorCode =
  | 'bad_frame'
  | 'cursor_too_old'
  | 'cursor_invalid'
  | 'session.not_found'
  | 'too_many_subscriptions'
  | 'subscription.exists'
  | 'subscription.not_found'
  | 'slow_consumer'
  | 'store.unavailable'
  | 'unauthorized'

/** Close codes of our own, in the range RFC 6455 leaves to applications. */
export const closeCodes = { unauthorized: 4401, tooManySockets: 4429, slowConsumer: 1013, goingAway: 1001 } as const

/** A frame, or the faults of what was sent instead. */
export function parseFrame(
  text: string,
): { frame: ClientFrame } | { faults: { path: string; message: string }[]; id: FrameId } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { faults: [{ path: '', message: 'is not JSON' }], id: undefined }
  }
  const result = v.safeParse(ClientFrame, value)
  if (result.success) return { frame: result.output }
  const id = v.safeParse(v.object({ id: Id }), value)
  const faults = result.issues
    .slice(0, 20)
    .map((issue) => ({ path: v.getDotPath(issue) ?? '', message: issue.message.slice(0, 200) }))
  return { faults, id: id.success ? id.output.id : undefined }
}
