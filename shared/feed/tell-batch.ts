// Progress of a batch becomes events: a few of them, each once, and always one at the end.
import { LRUCache } from 'lru-cache'
import { toProgress, toStep } from '../model/batch.ts'
import type { EventInput } from '../model/event.ts'
import type { BatchStore } from '../store/batches.ts'

export type BatchTeller = (batchId: string) => Promise<void>

/**
 * Resolves when what there was to tell is durable. To be called after each recipient is settled, and again after a crash in
 * between: what was told already is left out.
 */
export function createBatchTeller(deps: {
  batches: Pick<BatchStore, 'read' | 'counts' | 'close'>
  append: (stream: string, event: EventInput) => Promise<unknown>
}): BatchTeller {
  const { batches, append } = deps
  /** The last step that this process knows to be told. */
  const told = new LRUCache<string, number>({ max: 1_000 })

  return async (batchId) => {
    const batch = await batches.read(batchId)
    if (!batch || batch.isOver) return
    const counts = await batches.counts(batchId)
    const step = toStep(batch.total, counts)
    if (step <= (told.get(batchId) ?? 0)) return
    await append(batch.sessionId, toProgress(batch, counts))
    told.set(batchId, step)
    if (step === Infinity) await batches.close(batchId)
  }
}
