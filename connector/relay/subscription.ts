// One subscription: its streams, its filter, its place. Streams join and leave while it lives.
import { createTypeFilter, type FeedPlace, type Signal, type StoredEvent } from '../../shared/model/event.ts'
import type { EventStore } from '../../shared/store/events.ts'
import { createStreamCursor, type StreamCursor } from '../../shared/feed/stream-cursor.ts'
import type { Run } from '../../shared/feed/runs.ts'
import type { FrameId } from './frames.ts'
import type { Outlet } from './outlet.ts'
import type { Story, StoryTeller } from './shared-frames.ts'

export type SubscriptionOptions = {
  id: FrameId
  events: Pick<EventStore, 'read'>
  outlet: Outlet
  stories: StoryTeller
  types: readonly string[] | undefined
  /** Frame for a matching event, in place of the protocol's own (the compatibility names). */
  translate?: (event: StoredEvent) => object[]
  onError: (error: unknown) => void
}

export type Subscription = {
  readonly id: FrameId
  has(stream: string): boolean
  /** Those that are not being left. */
  streams(): string[]
  place(): FeedPlace
  /** From `after`, exclusive. Replay begins at once. */
  join(stream: string, after: number): StreamCursor
  /** Resolves when what stands now has been delivered, and the stream is left. */
  leave(stream: string): Promise<void>
  ring(stream: string, run: Run | undefined): void
  signal(signal: Signal): void
  /** Says the place scanned so far when nothing was said, or some of it was not, for `silentMs`. */
  tick(nowMs: number, silentMs: number): void
  stop(): void
}

export function createSubscription(options: SubscriptionOptions): Subscription {
  const { outlet } = options
  const matches = createTypeFilter(options.types)
  const cursors = new Map<string, StreamCursor>()
  const leaving = new Set<string>()
  let story: Story | undefined
  let lastSaidMs = performance.now()
  /** Since when the reader has not been told how far some stream was scanned. */
  let unsaidSinceMs: number | undefined

  function flush(): Buffer | undefined {
    const frame = story?.frame()
    story = undefined
    lastSaidMs = performance.now()
    return frame
  }

  function emit(run: Run): void {
    if (options.translate) {
      for (const event of run) if (matches(event.type)) for (const frame of options.translate(event)) outlet.send(frame)
      return
    }
    const before = story ?? options.stories.begin(options.id, options.types, matches)
    const after = before.and(run)
    if (after === before) unsaidSinceMs ??= performance.now()
    else {
      story = after
      outlet.schedule(flush)
    }
  }

  const subscription: Subscription = {
    id: options.id,
    has: (stream) => cursors.has(stream),
    streams: () => [...cursors.keys()].filter((stream) => !leaving.has(stream)),
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
    async leave(stream) {
      const cursor = cursors.get(stream)
      leaving.add(stream)
      await cursor?.caughtUp()
      leaving.delete(stream)
      cursor?.stop()
      if (cursors.get(stream) === cursor) cursors.delete(stream)
    },
    ring: (stream, run) => cursors.get(stream)?.ring(run),
    signal(signal) {
      if (!cursors.has(signal.stream) || !matches(signal.type) || options.translate) return
      outlet.send({ op: 'signal', stream: signal.stream, type: signal.type, data: signal.data })
    },
    tick(nowMs, silentMs) {
      if (nowMs - Math.min(lastSaidMs, unsaidSinceMs ?? lastSaidMs) < silentMs || options.translate) return
      lastSaidMs = nowMs
      unsaidSinceMs = undefined
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
