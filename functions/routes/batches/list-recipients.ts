// GET /v1/sessions/{id}/batches/{batchId}/recipients: what became of each, in the order given.
import * as v from 'valibot'
import { recipientStates, toRecipientView } from '../../../shared/model/batch.ts'
import { PageQuery } from '../../../shared/model/page.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { findBatch } from './find-batch.ts'

const RecipientsQuery = v.strictObject({ ...PageQuery.entries, state: v.optional(v.picklist(recipientStates)) })

export const listRecipients = (api: Api) =>
  sessionOperation(api, { scope: 'messages.read', query: RecipientsQuery }, async (c, { sessionId, query }) => {
    const batch = await findBatch(api, c, sessionId)
    const page = await api.store.batches.page(batch._id, query)
    return c.json({ data: page.data.map(toRecipientView), nextCursor: page.nextCursor })
  })
