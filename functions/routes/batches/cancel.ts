// DELETE /v1/sessions/{id}/batches/{batchId}: cancels what has not gone; again, it answers the same.
import { toBatchView } from '../../../shared/model/batch.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { findBatch } from './find-batch.ts'

export const cancelBatch = (api: Api) =>
  sessionOperation(api, { scope: 'messages.write' }, async (c, { sessionId }) => {
    const batch = await findBatch(api, c, sessionId)
    await api.store.batches.cancel(batch._id)
    await api.tellBatch(batch._id)
    return c.json(toBatchView(batch, await api.store.batches.counts(batch._id)))
  })
