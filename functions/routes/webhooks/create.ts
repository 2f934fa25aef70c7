// POST /v1/webhooks: events to a URL, from now on, or from a place. The secret is shown this once.
import { findStartingPlaces } from '../../../shared/feed/starting-places.ts'
import { toVisibleStreams } from '../../../shared/feed/visible-streams.ts'
import { Problem } from '../../../shared/model/problem.ts'
import { CreateWebhook, toWebhookView } from '../../../shared/model/webhook.ts'
import type { Actor } from '../../../shared/model/api-key.ts'
import type { FeedPlace } from '../../../shared/model/event.ts'
import type { Api } from '../../deps.ts'
import { authorize, operation } from '../../operation.ts'
import { checkStreams, checkUrl } from './check-asked.ts'

export const createWebhook = (api: Api) =>
  operation(api, { scope: 'webhooks.write', body: CreateWebhook }, async (c, { actor, body }) => {
    // It reads events for whoever made it.
    authorize(actor, 'events.read')
    checkUrl(api, body.url)
    await checkStreams(api, body.streams, [actor])
    const places = await findPlaces(api, actor, body)
    const { webhook, secret } = await api.store.webhooks.create(body, {
      keyId: actor.id,
      sessions: actor.sessions,
      places,
    })
    c.header('Location', `/v1/webhooks/${webhook._id}`)
    return c.json({ ...toWebhookView(webhook), secret }, 201)
  })

async function findPlaces(api: Api, actor: Actor, { streams, after }: CreateWebhook): Promise<FeedPlace> {
  // Every stream it may ever be asked for begins now, so that one that is added later does not begin at its first event.
  const visible = [...toVisibleStreams(await api.store.sessions.ids(), actor)]
  const known = new Set(visible)
  const foreign = Object.keys(after ?? {}).filter((stream) => !known.has(stream))
  const start = await findStartingPlaces(api.store.events, visible, undefined)
  if (!after) return Object.fromEntries(start.place)
  const wanted = streams.includes('*') ? visible : visible.filter((stream) => streams.includes(stream))
  const asked = await findStartingPlaces(api.store.events, wanted, new Map(Object.entries(after)))
  const bad = [...foreign, ...asked.beyond]
  if (bad.length > 0)
    throw new Problem('cursor.invalid', {
      errors: bad.map((stream) => ({ path: `after.${stream}`, message: 'is not a place of this stream' })),
    })
  if (asked.tooOld.length > 0)
    throw new Problem('cursor.too_old', {
      errors: asked.tooOld.map((stream) => ({ path: `after.${stream}`, message: 'is older than what is kept' })),
    })
  return Object.fromEntries([...start.place, ...asked.place])
}
