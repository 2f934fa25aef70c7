// GET /v1/webhooks/{webhookId}/deliveries/{deliveryId}: one delivery with its attempts.
import { toDeliveryView } from '../../../shared/model/delivery.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'
import { findWebhook } from './find-webhook.ts'

export const readDelivery = (api: Api) =>
  operation(api, { scope: 'webhooks.read' }, async (c, { actor }) => {
    const { _id } = await findWebhook(api, c, actor)
    const delivery = await api.store.deliveries.read(_id, c.req.param('deliveryId') ?? '')
    if (!delivery) throw new Problem('delivery.not_found')
    return c.json({ ...toDeliveryView(delivery), attempts: delivery.attempts })
  })
