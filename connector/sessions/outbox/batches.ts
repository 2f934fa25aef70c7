// What becomes of a batch's recipients is kept and told before their commands end: cut short in between, it is told again.
import type { EndedState } from '../../../shared/model/batch.ts'
import type { Command } from '../../../shared/model/command.ts'
import { createBatchTeller } from '../../../shared/feed/tell-batch.ts'
import { createCoalescer } from '../../../shared/store/coalesce.ts'
import type { RecordContext } from '../record/context.ts'

export type Batches = {
  /** No-op for a command of no batch. Repeatable: the first outcome stays. */
  ended(command: Command, state: EndedState, error?: { code: string; reason: string }): Promise<void>
  /** Finishes what was cut short before, here or in the API. */
  resume(): Promise<void>
}

export function createBatches({ store, sessionId, appender }: RecordContext): Batches {
  const tell = createBatchTeller({
    batches: store.batches,
    append: (_stream, event) => appender.append([event]),
  })
  // Lanes end side by side: those of one batch are counted together.
  const tellSoon = createCoalescer<string, void>(async (batchIds) => {
    for (const batchId of new Set(batchIds)) await tell(batchId)
    return batchIds.map(() => ({ value: undefined }))
  })

  return {
    async ended({ _id, batchId }, state, error) {
      if (batchId === undefined) return
      await store.batches.settle({ commandId: _id, state, ...(error ? { error } : {}) })
      await tellSoon(batchId)
    },
    async resume() {
      for (const { _id } of await store.batches.standing(sessionId)) {
        await store.batches.settleForgotten(_id)
        await tellSoon(_id)
      }
    },
  }
}
