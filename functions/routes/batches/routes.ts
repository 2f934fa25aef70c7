// One message to many.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { cancelBatch } from './cancel.ts'
import { listRecipients } from './list-recipients.ts'
import { readBatch } from './read.ts'
import { sendBulk } from './send.ts'

export const batchesRoutes = (api: Api) =>
  new Hono<AppEnv>()
    .post('/v1/sessions/:sessionId/messages/bulk', sendBulk(api))
    .get('/v1/sessions/:sessionId/batches/:batchId', readBatch(api))
    .delete('/v1/sessions/:sessionId/batches/:batchId', cancelBatch(api))
    .get('/v1/sessions/:sessionId/batches/:batchId/recipients', listRecipients(api))
