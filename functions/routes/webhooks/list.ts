// GET /v1/webhooks: those that deliver no more than the caller may see, newest first. A page may be short, `nextCursor` decides.
import * as v from 'valibot'
import { PageQuery } from '../../../shared/model/page.ts'
import { maySeeWebhook, toWebhookView } from '../../../shared/model/webhook.ts'
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'

export const listWebhooks = (api: Api) =>
  operation(api, { scope: 'webhooks.read', query: v.strictObject(PageQuery.entries) }, async (c, { actor, query }) => {
    const page = await api.store.webhooks.page(query.limit, query.cursor)
    const visible = page.data.filter((webhook) => maySeeWebhook(actor, webhook))
    return c.json({ data: visible.map(toWebhookView), nextCursor: page.nextCursor })
  })
