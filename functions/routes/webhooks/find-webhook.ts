// The webhook of a route. Absent and not visible to this key look the same.
import type { Actor } from '../../../shared/model/api-key.ts'
import { Problem } from '../../../shared/model/problem.ts'
import { maySeeWebhook } from '../../../shared/model/webhook.ts'
import type { WebhookRow } from '../../../shared/store/webhooks.ts'
import type { Api } from '../../deps.ts'
import type { AppContext } from '../../operation.ts'

/** Throws `webhook.not_found`. */
export async function findWebhook(api: Api, c: AppContext, actor: Actor): Promise<WebhookRow> {
  const id = c.req.param('webhookId') ?? ''
  const webhook = id === '' ? null : await api.store.webhooks.read(id)
  if (!webhook || !maySeeWebhook(actor, webhook)) throw new Problem('webhook.not_found')
  return webhook
}
