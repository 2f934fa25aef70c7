// GET /v1/sessions/{id}/batches/{batchId}: how many are left, sent, failed, cancelled, expired.
import { toBatchView } from '../../../shared/model/batch.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { findBatch } from './find-batch.ts'

export const readBatch = (api: Api) =>
  sessionOperation(api, { scope: 'messages.read' }, async (c, { sessionId }) => {
    const batch = await findBatch(api, c, sessionId)
    return c.json(toBatchView(batch, await api.store.batches.counts(batch._id)))
  })
