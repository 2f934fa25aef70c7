// One stream of one subscription. The number decides, the change stream is a bell: n goes out only after n-1,
// duplicates are dropped, a gap is read from the collection.
import type { StoredEvent } from '../model/event.ts'
import { lastOf, type Run } from './runs.ts'

export type StreamCursorOptions = {
  stream: string
  /** The last number that was scanned. */
  after: number
  read: (stream: string, after: number, limit: number) => Promise<StoredEvent[]>
  /** Everything that follows, in order; matching or not. */
  emit: (run: Run) => void
  /** Resolves when the reader has room for more; rejects when it is gone. */
  room: () => Promise<void>
  onError: (error: unknown) => void
}

export type StreamCursor = {
  readonly stream: string
  readonly at: number
  /** What came live, or only the news that there is something (`undefined`). */
  ring(run: Run | undefined): void
  /** Resolves when everything that stands in the collection now has gone out. */
  caughtUp(): Promise<void>
  stop(): void
}

const pageSize = 500
const maxBuffered = 2_000
const retryMs = 500

export function createStreamCursor(options: StreamCursorOptions): StreamCursor {
  const { stream } = options
  let at = options.after
  let reading: Promise<void> | undefined
  let askedAgain = false
  let stopped = false
  const live = new Map<number, StoredEvent>()

  function step(run: Run): void {
    at = lastOf(run).seq
    options.emit(run)
  }
  function drain(): void {
    for (let next = live.get(at + 1); next; next = live.get(at + 1)) {
      live.delete(next.seq)
      step([next])
    }
    for (const seq of live.keys()) if (seq <= at) live.delete(seq)
  }

  async function catchUp(): Promise<void> {
    do {
      askedAgain = false
      for (;;) {
        await options.room()
        if (stopped) return
        let page: StoredEvent[]
        try {
          page = await options.read(stream, at, pageSize)
        } catch (error) {
          options.onError(error)
          await new Promise((resolve) => setTimeout(resolve, retryMs))
          continue
        }
        if (stopped) return
        // The first number may be later than at+1 only where retention has taken what was before it.
        for (const event of page) {
          // One by one: a page may hold 500 events of 64 kB, and replay alone must never make a reader slow.
          await options.room()
          if (stopped) return
          if (event.seq > at) step([event])
        }
        drain()
        if (page.length < pageSize) break
      }
    } while (askedAgain || live.size > 0)
  }

  function read(): Promise<void> {
    if (reading) {
      askedAgain = true
      return reading
    }
    reading = catchUp().then(
      () => {
        reading = undefined
        // Rung after the last look, before this.
        if (!stopped && (askedAgain || live.size > 0)) void read()
      },
      (error: unknown) => {
        reading = undefined
        if (!stopped) options.onError(error)
      },
    )
    return reading
  }

  return {
    stream,
    get at() {
      return at
    },
    ring(run) {
      if (stopped) return
      if (!run) return void read()
      if (!reading && run[0].seq === at + 1) return step(run)
      // While the collection is read the live tail waits; what does not fit stands in the collection.
      for (const event of run)
        if (event.seq > at) {
          if (live.size < maxBuffered) live.set(event.seq, event)
          else askedAgain = true
        }
      if (!reading && live.size > 0) void read()
    },
    caughtUp: () => read(),
    stop() {
      stopped = true
      live.clear()
    },
  }
}
