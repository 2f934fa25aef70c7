// POST /v1/webhooks/{webhookId}/test: a delivery of type `webhook.test`, signed, retried and recorded like any other.
import * as v from 'valibot'
import { toDeliveryView } from '../../../shared/model/delivery.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'
import { findWebhook } from './find-webhook.ts'

export const sendWebhookTest = (api: Api) =>
  operation(api, { scope: 'webhooks.write', body: v.strictObject({}) }, async (c, { actor }) => {
    const { _id, enabled } = await findWebhook(api, c, actor)
    if (!enabled) throw new Problem('webhook.disabled', { detail: 'Switch it on first: PATCH {"enabled": true}' })
    const delivery = await api.store.deliveries.addTest(_id)
    await api.store.webhooks.wake(_id)
    c.header('Location', `/v1/webhooks/${_id}/deliveries/${encodeURIComponent(delivery.eventId)}`)
    return c.json(toDeliveryView(delivery), 202)
  })
