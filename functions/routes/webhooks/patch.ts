// PATCH /v1/webhooks/{webhookId}: what is not given stays. `enabled: true` switches it on again and tries at once what waits.
import { isKeyDead } from '../../../shared/model/api-key.ts'
import { Problem } from '../../../shared/model/problem.ts'
import { PatchWebhook, toWebhookView } from '../../../shared/model/webhook.ts'
import type { Api } from '../../deps.ts'
import { authorize, operation } from '../../operation.ts'
import { checkStreams, checkUrl } from './check-asked.ts'
import { findWebhook } from './find-webhook.ts'

export const patchWebhook = (api: Api) =>
  operation(api, { scope: 'webhooks.write', body: PatchWebhook }, async (c, { actor, body }) => {
    // Whoever names the address reads the events.
    authorize(actor, 'events.read')
    const standing = await findWebhook(api, c, actor)
    checkUrl(api, body.url)
    await checkStreams(api, body.streams, [actor, standing])
    // A webhook whose key is dead lives on by the key that switches it on; its limits stay.
    const key = body.enabled ? await api.store.apiKeys.read(standing.keyId) : null
    const isOrphan = body.enabled === true && (!key || isKeyDead(key, new Date(api.now())))
    // Before it is on, so that its worker finds everything due.
    if (body.enabled && !standing.enabled) await api.store.deliveries.requeue(standing._id)
    const webhook = await api.store.webhooks.patch(standing._id, { ...body, ...(isOrphan ? { keyId: actor.id } : {}) })
    if (!webhook) throw new Problem('webhook.not_found')
    return c.json(toWebhookView(webhook))
  })
