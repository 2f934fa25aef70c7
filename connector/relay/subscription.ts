// One subscription: its streams, its filter, its place. Streams join and leave while it lives.
import { createTypeFilter, type FeedPlace, type Signal, type StoredEvent } from '../../shared/model/event.ts'
import type { EventStore } from '../../shared/store/events.ts'
import { createStreamCursor, type StreamCursor } from '../../shared/feed/stream-cursor.ts'
import { encodeEvent } from '../../shared/feed/encode-event.ts'
import type { FrameId } from './frames.ts'
import type { Outlet } from './outlet.ts'

export type SubscriptionOptions = {
  id: FrameId
  events: Pick<EventStore, 'read'>
  outlet: Outlet
  types: readonly string[] | undefined
  /** Frame for a matching event, in place of the protocol's own (the compatibility names). */
  translate?: (event: StoredEvent) => object[]
  onError: (error: unknown) => void
}

export type Subscription = {
  readonly id: FrameId
  has(stream: string): boolean
  streams(): string[]
  place(): FeedPlace
  /** From `after`, exclusive. Replay begins at once. */
  join(stream: string, after: number): StreamCursor
  leave(stream: string): void
  ring(stream: string, event: StoredEvent | undefined): void
  signal(signal: Signal): void
  /** Says the place scanned so far when nothing was said for `silentMs`. */
  tick(nowMs: number, silentMs: number): void
  stop(): void
}

export function createSubscription(options: SubscriptionOptions): Subscription {
  const { outlet } = options
  const matches = createTypeFilter(options.types)
  const cursors = new Map<string, StreamCursor>()
  let parts: string[] = []
  let moved = new Map<string, number>()
  let lastSaidMs = performance.now()

  function flush(): string | undefined {
    if (parts.length === 0) return undefined
    const at = JSON.stringify(Object.fromEntries(moved))
    const id = options.id === undefined ? '' : `"id":${JSON.stringify(options.id)},`
    const text = `{"op":"events",${id}"at":${at},"events":[${parts.join(',')}]}`
    parts = []
    moved = new Map()
    lastSaidMs = performance.now()
    return text
  }

  function emit(event: StoredEvent): void {
    moved.set(event.stream, event.seq)
    if (!matches(event.type)) return
    if (options.translate) {
      for (const frame of options.translate(event)) outlet.send(frame)
      return
    }
    parts.push(encodeEvent(event))
    outlet.schedule(flush)
  }

  const subscription: Subscription = {
    id: options.id,
    has: (stream) => cursors.has(stream),
    streams: () => [...cursors.keys()],
    place: () => Object.fromEntries([...cursors].map(([stream, cursor]) => [stream, cursor.at])),
    join(stream, after) {
      const cursor = createStreamCursor({
        stream,
        after,
        read: (name, from, limit) => options.events.read(name, from, limit),
        emit,
        room: () => outlet.room(),
        onError: options.onError,
      })
      cursors.set(stream, cursor)
      return cursor
    },
    leave(stream) {
      cursors.get(stream)?.stop()
      cursors.delete(stream)
    },
    ring: (stream, event) => cursors.get(stream)?.ring(event),
    signal(signal) {
      if (!cursors.has(signal.stream) || !matches(signal.type) || options.translate) return
      outlet.send({ op: 'signal', stream: signal.stream, type: signal.type, data: signal.data })
    },
    tick(nowMs, silentMs) {
      if (nowMs - lastSaidMs < silentMs || options.translate) return
      lastSaidMs = nowMs
      moved = new Map()
      const id = options.id === undefined ? {} : { id: options.id }
      outlet.send({ op: 'at', ...id, at: subscription.place() })
    },
    stop() {
      for (const cursor of cursors.values()) cursor.stop()
      cursors.clear()
    },
  }
  return subscription
}
