// POST /v1/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver: once more, whatever became of it, under the same id.
import * as v from 'valibot'
import { toDeliveryView } from '../../../shared/model/delivery.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'
import { findWebhook } from './find-webhook.ts'

export const redeliver = (api: Api) =>
  operation(api, { scope: 'webhooks.write', body: v.strictObject({}) }, async (c, { actor }) => {
    const { _id } = await findWebhook(api, c, actor)
    const delivery = await api.store.deliveries.redeliver(_id, c.req.param('deliveryId') ?? '')
    if (!delivery) throw new Problem('delivery.not_found')
    await api.store.webhooks.wake(_id)
    return c.json(toDeliveryView(delivery), 202)
  })
