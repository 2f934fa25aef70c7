// A batch of this session. One of another session is not found either.
import type { Batch } from '../../../shared/model/batch.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import type { AppContext } from '../../operation.ts'

/** Throws `session.not_found`, `batch.not_found`. */
export async function findBatch(api: Api, c: AppContext, sessionId: string): Promise<Batch> {
  await api.sessions.mustExist(sessionId)
  const batch = await api.store.batches.read(c.req.param('batchId') ?? '')
  if (batch?.sessionId !== sessionId) throw new Problem('batch.not_found')
  return batch
}
