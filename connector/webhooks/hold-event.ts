// The head of an ordered stream: it is tried until it has ended, and nothing of its stream goes before that.
import type { Delivery } from '../../shared/model/delivery.ts'
import type { StoredEvent } from '../../shared/model/event.ts'
import type { Deliver, Tried } from './deliver.ts'
import { isDue, waitFor, type Work } from './work.ts'

export type Holder = {
  hold(event: StoredEvent): Promise<void>
  /** Everybody who waits looks again: a delivery was asked for anew. */
  ring(): void
}

/** Longest sleep, ms: timers of Node reach no further than 24 days. */
const longestSleepMs = 86_400_000

export function createHolder(work: Work, deliver: Deliver): Holder {
  const sleepers = new Set<() => void>()

  /** Ends at once when the work is stopping, also when it stopped while the attempt was under way. */
  function sleepUntil(at: Date): Promise<void> {
    return new Promise((resolve) => {
      if (work.stopping.aborted) return resolve()
      const end = () => {
        clearTimeout(timer)
        sleepers.delete(end)
        work.stopping.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, Math.min(Math.max(0, at.getTime() - Date.now()), longestSleepMs))
      sleepers.add(end)
      work.stopping.addEventListener('abort', end, { once: true })
    })
  }

  /** Waiting for its time it takes up no place. */
  async function tryOnce(row: Delivery, event: StoredEvent): Promise<Tried> {
    const giveBack = await work.slots.take(work.stopping)
    try {
      return await deliver(row, event)
    } finally {
      giveBack()
    }
  }

  return {
    /** Rejects when the work stops before it has ended: its place must not move then. */
    async hold(event) {
      const { _id, epoch } = work.webhook()
      const { stream, seq, type, at } = event
      const queued = { stream, seq, type, at }
      let row = await waitFor(work, () => work.store.deliveries.addOrdered(_id, queued, epoch))
      // What was asked for once more is queued in no order, and holds nobody.
      while (row && row.state === 'pending' && row.ordered) {
        if (isDue(row, Date.now())) {
          const tried = await tryOnce(row, event)
          if (tried.kind === 'ended') return
          await sleepUntil(tried.kind === 'again' ? tried.dueAt : new Date(Date.now() + longestSleepMs))
        } else await sleepUntil(row.dueAt)
        work.stopping.throwIfAborted()
        row = await waitFor(work, () => work.store.deliveries.read(_id, row?.eventId ?? ''))
      }
    },
    ring() {
      for (const wake of sleepers) wake()
    },
  }
}
