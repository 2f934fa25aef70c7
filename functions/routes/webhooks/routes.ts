// Webhooks.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { createWebhook } from './create.ts'
import { listDeliveries } from './list-deliveries.ts'
import { listWebhooks } from './list.ts'
import { patchWebhook } from './patch.ts'
import { readDelivery } from './read-delivery.ts'
import { readWebhook } from './read.ts'
import { redeliverRange } from './redeliver-range.ts'
import { redeliver } from './redeliver.ts'
import { removeWebhook } from './remove.ts'
import { rotateWebhookSecret } from './rotate-secret.ts'
import { sendWebhookTest } from './send-test.ts'

export const webhooksRoutes = (api: Api) =>
  new Hono<AppEnv>()
    .post('/v1/webhooks', createWebhook(api))
    .get('/v1/webhooks', listWebhooks(api))
    .get('/v1/webhooks/:webhookId', readWebhook(api))
    .patch('/v1/webhooks/:webhookId', patchWebhook(api))
    .delete('/v1/webhooks/:webhookId', removeWebhook(api))
    .post('/v1/webhooks/:webhookId/rotate-secret', rotateWebhookSecret(api))
    .post('/v1/webhooks/:webhookId/test', sendWebhookTest(api))
    .post('/v1/webhooks/:webhookId/redeliver', redeliverRange(api))
    .get('/v1/webhooks/:webhookId/deliveries', listDeliveries(api))
    .get('/v1/webhooks/:webhookId/deliveries/:deliveryId', readDelivery(api))
    .post('/v1/webhooks/:webhookId/deliveries/:deliveryId/redeliver', redeliver(api))
