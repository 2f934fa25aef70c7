// One event stream: its key, its streams, its place. The number decides; every frame carries the whole cursor as its id.
import { createStreamCursor, type StreamCursor } from '../../shared/feed/stream-cursor.ts'
import { encodeEvent } from '../../shared/feed/encode-event.ts'
import { formatPlace } from '../../shared/feed/place-text.ts'
import { toVisibleStreams } from '../../shared/feed/visible-streams.ts'
import type { Actor } from '../../shared/model/api-key.ts'
import { createTypeFilter, type Signal, type StoredEvent } from '../../shared/model/event.ts'
import type { EventStore } from '../../shared/store/events.ts'
import { openSseOutlet } from './sse-outlet.ts'

export type EventStreamOptions = {
  actor: Actor
  events: Pick<EventStore, 'read' | 'oldest'>
  /** Where each stream begins. */
  place: ReadonlyMap<string, number>
  /** Sessions that come join by themselves. */
  all: boolean
  types: readonly string[] | undefined
  /** Streams whose cursor was older than what is kept: said first. */
  tooOld: readonly string[]
  /** What a reader waits before it comes back, ms. */
  retryMs: number
  pauseBytes: number
  closeBytes: number
  /** A reader that takes nothing for so long while it is waited for is cut, ms. */
  stallMs: number
  /** Sessions may have come while others were left: `refresh` is to be called. */
  mayHaveMissed: () => void
  closed: () => void
  onError: (error: unknown) => void
}

export type EventStream = {
  readonly keyId: string
  body: ReadableStream<Uint8Array>
  ring(event: StoredEvent): void
  signal(signal: Signal): void
  /** Sessions came or went. */
  refresh(sessionIds: readonly string[]): Promise<void>
  /** Every stream is compared with the collection. */
  recheck(): void
  /** Resolves when everything that stands now has gone out. */
  caughtUp(): Promise<void>
  /** Says the place when nothing was said for `silentMs`. */
  tick(nowMs: number, silentMs: number): void
  /** `code`: why, unless it is only the time. */
  end(code?: 'unauthorized' | 'going_away'): void
}

export function openEventStream(options: EventStreamOptions): EventStream {
  const { actor, events } = options
  const matches = createTypeFilter(options.types)
  const place = new Map(options.place)
  const cursors = new Map<string, StreamCursor>()
  const leaving = new Set<string>()
  let saidAtMs = performance.now()
  const outlet = openSseOutlet({
    pauseBytes: options.pauseBytes,
    closeBytes: options.closeBytes,
    stallMs: options.stallMs,
    closed() {
      for (const cursor of cursors.values()) cursor.stop()
      cursors.clear()
      options.closed()
    },
  })

  /** Facts have no name, so that `onmessage` gets them all; what is said about the stream has one. */
  function say(name: string | undefined, json: string): void {
    saidAtMs = performance.now()
    outlet.write(`${name === undefined ? '' : `event: ${name}\n`}id: ${formatPlace(place)}\ndata: ${json}`)
  }
  const at = () => JSON.stringify({ at: Object.fromEntries(place) })

  function join(stream: string): void {
    if (cursors.has(stream)) return
    const cursor = createStreamCursor({
      stream,
      after: place.get(stream) ?? 0,
      read: (name, from, limit) => events.read(name, from, limit),
      emit(run) {
        for (const event of run) {
          place.set(stream, event.seq)
          if (matches(event.type)) say(undefined, encodeEvent(event))
        }
      },
      room: () => outlet.room(),
      onError: options.onError,
    })
    cursors.set(stream, cursor)
    cursor.ring(undefined)
  }

  /** What stands is still said: `session.deleted` is the last of its stream. */
  async function leave(gone: string[]): Promise<void> {
    for (const stream of gone) leaving.add(stream)
    await Promise.all(gone.map(async (stream) => cursors.get(stream)?.caughtUp()))
    for (const stream of gone) {
      leaving.delete(stream)
      cursors.get(stream)?.stop()
      cursors.delete(stream)
      place.delete(stream)
    }
    say('left', JSON.stringify({ streams: gone }))
    // Meanwhile a session of that name may have been made again.
    options.mayHaveMissed()
  }

  outlet.write(`retry: ${options.retryMs}`)
  say('subscribed', at())
  if (options.tooOld.length > 0) say('error', JSON.stringify({ code: 'cursor_too_old', streams: options.tooOld }))
  for (const stream of place.keys()) join(stream)

  return {
    keyId: actor.id,
    body: outlet.body,
    ring: (event) => cursors.get(event.stream)?.ring([event]),
    signal({ stream, type, data }) {
      if (cursors.has(stream) && matches(type)) say('signal', JSON.stringify({ stream, type, data }))
    },
    async refresh(sessionIds) {
      const visible = toVisibleStreams(sessionIds, actor)
      const gone = [...cursors.keys()].filter((stream) => !visible.has(stream) && !leaving.has(stream))
      const come = options.all ? [...visible].filter((stream) => !cursors.has(stream)) : []
      // Not waited for: a reader that takes nothing must not keep the news from the others.
      if (gone.length > 0) void leave(gone)
      const oldest = await Promise.all(come.map((stream) => events.oldest(stream)))
      const joined = come.filter((stream) => !cursors.has(stream))
      joined.forEach((stream) => place.set(stream, Math.max(0, (oldest[come.indexOf(stream)] ?? 1) - 1)))
      if (joined.length > 0) say('joined', JSON.stringify({ streams: joined }))
      for (const stream of joined) join(stream)
    },
    recheck() {
      for (const cursor of cursors.values()) cursor.ring(undefined)
    },
    async caughtUp() {
      await Promise.all([...cursors.values()].map((cursor) => cursor.caughtUp()))
    },
    tick(nowMs, silentMs) {
      if (nowMs - saidAtMs >= silentMs) say('at', at())
    },
    end(code) {
      if (code !== undefined) say('error', JSON.stringify({ code }))
      outlet.end()
    },
  }
}
