// One stream of one webhook: what the feed holds after the place becomes deliveries. The number decides, the change
// stream is a bell. The place moves on only over what stands as a delivery (and, in order, has ended), so that a crash
// anywhere repeats and never skips.
import type { StoredEvent } from '../../shared/model/event.ts'
import { waitFor, tellGap, type Work } from './work.ts'
import type { Slots } from './slots.ts'

export type TakeStreamOptions = {
  work: Work
  stream: string
  /** The last number that is done with. */
  after: number
  matches: (type: string) => boolean
  /** Places for reads, so that a hundred streams do not take the whole database connection pool. */
  reads: Slots
  /** Queues events that go in no order. */
  queue: (events: StoredEvent[]) => Promise<void>
  /** Resolves when the event's delivery has ended. Absent: no order. */
  hold: ((event: StoredEvent) => Promise<void>) | undefined
  /** The place moved. */
  moved: (stream: string, seq: number) => void
}

export type TakeStream = {
  /** A live event, or only the news that there may be something. */
  ring(event?: StoredEvent): void
  /** Resolves when what is in hand has ended; nothing more begins once the work is stopping. */
  ended(): Promise<void>
}

const pageSize = 200
/** In order one event holds the others, for days perhaps: few wait in memory. */
const orderedPageSize = 20

export function takeStream(options: TakeStreamOptions): TakeStream {
  const { work, stream, matches, hold } = options
  const size = hold ? orderedPageSize : pageSize
  let at = options.after
  let isRung = false
  let running: Promise<void> | undefined
  let isFirst = true

  function move(seq: number): void {
    at = seq
    options.moved(stream, seq)
  }

  async function page(): Promise<StoredEvent[]> {
    const giveBack = await options.reads.take(work.stopping)
    try {
      return await waitFor(work, () => work.store.events.read(stream, at, size))
    } finally {
      giveBack()
    }
  }

  /** A stream that is silent since its events went: the next number tells nothing yet, the head does. */
  async function tellSilentGap(): Promise<void> {
    const head = await waitFor(work, () => work.store.events.headOf(stream))
    if (head <= at || (await page()).length > 0) return
    await tellGap(work, stream, at + 1, head)
    move(head)
  }

  async function take(events: StoredEvent[]): Promise<void> {
    const [first] = events
    const last = events.at(-1)
    if (!first || !last) return
    // Numbers have no gaps: one here means that retention was faster than we.
    if (first.seq > at + 1) await tellGap(work, stream, at + 1, first.seq - 1)
    if (!hold) {
      await options.queue(events.filter((event) => matches(event.type)))
      return move(last.seq)
    }
    for (const event of events) {
      work.stopping.throwIfAborted()
      if (matches(event.type)) await hold(event)
      move(event.seq)
    }
  }

  async function run(): Promise<void> {
    while (isRung) {
      isRung = false
      for (;;) {
        const events = await page()
        await take(events)
        if (events.length < size) break
      }
      if (isFirst) await tellSilentGap()
      isFirst = false
    }
  }

  function start(): void {
    running ??= run()
      .catch((error: unknown) => {
        if (work.stopping.aborted) return
        work.log.warn({ err: error, webhookId: work.webhook()._id, stream }, 'a webhook failed')
        work.end('failed')
      })
      .finally(() => {
        running = undefined
        // Rung after the last look, before this.
        if (isRung && !work.stopping.aborted) start()
      })
  }

  return {
    ring(event) {
      if (work.stopping.aborted) return
      if (event && event.seq <= at) return
      if (event && !running && event.seq === at + 1 && !matches(event.type)) return move(event.seq)
      isRung = true
      start()
    },
    async ended() {
      await running
    },
  }
}
