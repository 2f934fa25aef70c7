// GET /v1/webhooks/{webhookId}: one webhook, never its secret.
import { toWebhookView } from '../../../shared/model/webhook.ts'
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'
import { findWebhook } from './find-webhook.ts'

export const readWebhook = (api: Api) =>
  operation(api, { scope: 'webhooks.read' }, async (c, { actor }) =>
    c.json(toWebhookView(await findWebhook(api, c, actor))),
  )
