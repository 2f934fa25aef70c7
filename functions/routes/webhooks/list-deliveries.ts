// GET /v1/webhooks/{webhookId}/deliveries: by the events' time, newest first; `?state=` for those in one state.
import * as v from 'valibot'
import { deliveryStates, toDeliveryView } from '../../../shared/model/delivery.ts'
import { PageQuery } from '../../../shared/model/page.ts'
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'
import { findWebhook } from './find-webhook.ts'

const DeliveriesQuery = v.strictObject({ ...PageQuery.entries, state: v.optional(v.picklist(deliveryStates)) })

export const listDeliveries = (api: Api) =>
  operation(api, { scope: 'webhooks.read', query: DeliveriesQuery }, async (c, { actor, query }) => {
    const { _id } = await findWebhook(api, c, actor)
    const page = await api.store.deliveries.page(_id, query)
    return c.json({ data: page.data.map(toDeliveryView), nextCursor: page.nextCursor })
  })
