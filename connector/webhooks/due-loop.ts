// What is queued in no order: tried when it is due, several at once, and the loop sleeps until the next time or a bell.
import type { Delivery } from '../../shared/model/delivery.ts'
import { createWake } from '../wake.ts'
import type { Deliver, Tried } from './deliver.ts'
import { isDue, waitFor, type Work } from './work.ts'

export type DueLoop = {
  /** There may be something new. */
  ring(): void
  /** Resolves when the loop and all it has in hand have ended. */
  ended: Promise<void>
}

const pageSize = 50
/** Longest sleep, ms: timers of Node reach no further than 24 days. */
const longestSleepMs = 86_400_000

export function runDueLoop(work: Work, deliver: Deliver): DueLoop {
  const wake = createWake()
  const inHand = new Map<string, Promise<void>>()
  const { deliveries, events } = work.store

  async function begin(delivery: Delivery, body: Parameters<Deliver>[1]): Promise<void> {
    const giveBack = await work.slots.take(work.stopping)
    const one = (async () => {
      let tried: Tried | undefined
      try {
        tried = await deliver(delivery, body)
      } catch (error) {
        if (!work.stopping.aborted) {
          work.log.warn({ err: error, webhookId: delivery.webhookId }, 'a delivery failed on our side')
          work.end('failed')
        }
      }
      giveBack()
      inHand.delete(delivery._id)
      // Only now: the loop leaves out what is in hand.
      if (tried?.kind === 'again') wake.ring('again')
    })()
    inHand.set(delivery._id, one)
  }

  async function loop(): Promise<void> {
    while (!work.stopping.aborted) {
      // What is in hand while the question is under way is answered as it was: it may have ended by then.
      const before = new Set(inHand.keys())
      const limit = pageSize + before.size
      const rows = await waitFor(work, () => deliveries.due(work.webhook()._id, limit))
      const nowMs = Date.now()
      const waiting = rows.filter((row) => !before.has(row._id))
      const due = waiting.filter((row) => isDue(row, nowMs))
      if (due.length > 0) {
        const bodies = await waitFor(work, () => events.byIds(due.map((row) => row.eventId)))
        for (const row of due) await begin(row, bodies.get(row.eventId))
        if (rows.length === limit) continue
      }
      const next = waiting.find((row) => !isDue(row, nowMs))
      await wake.sleep(next ? Math.min(next.dueAt.getTime() - nowMs, longestSleepMs) : longestSleepMs, work.stopping)
    }
  }

  const ended = loop()
    .catch((error: unknown) => {
      if (work.stopping.aborted) return
      work.log.warn({ err: error, webhookId: work.webhook()._id }, 'a webhook failed')
      work.end('failed')
    })
    .then(async () => {
      await Promise.all(inHand.values())
    })
  return { ring: () => wake.ring('queued'), ended }
}
