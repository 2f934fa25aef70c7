// An event is one fact in an append-only, numbered stream; a signal is presence or typing, live only.
import * as v from 'valibot'

/** `<stream>` is a sessionId, or `team`. */
export const teamStream = 'team'

/** Every event that takes a number. Commands are imperative, events past. */
export const eventTypes = [
  'session.created',
  'session.owner_changed',
  'session.qr',
  'session.pairing_code',
  'session.connecting',
  'session.connected',
  'session.disconnected',
  'session.logged_out',
  'session.error',
  'session.updated',
  'session.outreach_locked',
  'session.outreach_unlocked',
  'session.deleted',
  'message.received',
  'message.queued',
  'message.sent',
  'message.delivered',
  'message.read',
  'message.played',
  'message.failed',
  'message.edited',
  'message.revoked',
  'message.reaction',
  'message.poll_vote',
  'message.event_response',
  'message.media_ready',
  'message.media_failed',
  'message.undecryptable',
  'message.deleted',
  'message.starred',
  'message.pinned',
  'message.counted',
  'message.labeled',
  'chat.updated',
  'chat.merged',
  'group.updated',
  'group.participants',
  'group.join_request',
  'channel.updated',
  'chat.deleted',
  'contact.updated',
  'label.updated',
  'label.deleted',
  'call.offered',
  'call.ended',
  'history.progress',
  'batch.progress',
  'webhook.disabled',
  'webhook.gap',
] as const
export type EventType = (typeof eventTypes)[number]

export const signalTypes = ['presence.updated', 'typing.updated'] as const
export type SignalType = (typeof signalTypes)[number]

/** What a writer hands in. `key` makes the fact idempotent inside its stream: a second write of it is a no-op. */
export type EventInput = { type: EventType; key?: string; data: Record<string, unknown> }

/** The document in `events`. `seq` is 1, 2, 3 … without a gap inside a stream, for ever. `at` = time of writing. */
export type StoredEvent = {
  _id: string
  stream: string
  seq: number
  type: EventType
  key?: string
  at: Date
  data: Record<string, unknown>
  /** Set on fence rows only: the epoch of the owner that wrote `session.owner_changed`. */
  epoch?: number
  /** Who wrote the row, so that a writer recognises its own after an unknown outcome. */
  writer: string
}

export type Signal = { type: SignalType; stream: string; at: Date; data: Record<string, unknown> }

/** The public form of an event, on the socket, in pages and in webhooks. */
export type EventView = {
  id: string
  stream: string
  seq: number
  type: EventType
  at: string
  data: Record<string, unknown>
}

export function toEventView(event: StoredEvent): EventView {
  return {
    id: `${event.stream}:${event.seq}`,
    stream: event.stream,
    seq: event.seq,
    type: event.type,
    at: event.at.toISOString(),
    data: event.data,
  }
}

/** A place in the feed: the last number seen of each stream. */
export type FeedPlace = Record<string, number>

const nouns = [...new Set([...eventTypes, ...signalTypes].map((type) => type.slice(0, type.indexOf('.'))))]
const patterns = new Set<string>(['*', ...nouns.map((noun) => `${noun}.*`), ...eventTypes, ...signalTypes])

/** What readers may filter by: a type, `noun.*` or `*`. One that no event can match would be silence for ever: refused. */
export const TypePattern = v.pipe(
  v.string(),
  v.check(
    (pattern) => patterns.has(pattern),
    `matches no event; there are *, ${nouns.map((noun) => `${noun}.*`).join(', ')}`,
  ),
)

/** `message.*` matches every type of that noun, `*` everything; no patterns = everything. */
export function createTypeFilter(patterns: readonly string[] | undefined): (type: string) => boolean {
  if (!patterns || patterns.length === 0 || patterns.includes('*')) return () => true
  const exact = new Set(patterns.filter((p) => !p.endsWith('*')))
  const prefixes = patterns.filter((p) => p.endsWith('*')).map((p) => p.slice(0, -1))
  return (type) => exact.has(type) || prefixes.some((prefix) => type.startsWith(prefix))
}
