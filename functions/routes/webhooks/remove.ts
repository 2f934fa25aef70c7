// DELETE /v1/webhooks/{webhookId}: with everything that waits, and the record of what was delivered.
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'
import { findWebhook } from './find-webhook.ts'

export const removeWebhook = (api: Api) =>
  operation(api, { scope: 'webhooks.write' }, async (c, { actor }) => {
    const { _id } = await findWebhook(api, c, actor)
    if (!(await api.store.webhooks.remove(_id))) throw new Problem('webhook.not_found')
    await api.store.deliveries.removeAll(_id)
    return c.body(null, 204)
  })
