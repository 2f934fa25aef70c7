// A webhook, registered as anyone would. What came to its receiver is read from the receiver's own journal.
import type { ShownEvent, SubscriberRecord } from '../audit/record.ts'
import { isWanted } from '../audit/wanted.ts'
import { createHttp } from '../../demo/clients.ts'
import { readJournal, type Hook } from '../receiver/hooks.ts'
import type { Site } from '../site.ts'
import type { OpenSubscriber } from './subscriber.ts'

export type WebhookOptions = {
  name: string
  hook: Hook
  /** `session`: a stream's events are taken in order. */
  order: 'session' | 'parallel'
  /** The only session that the key which makes it may see, and the beginning of the types it asks for. Absent: everything. */
  wants?: { session: string; types: 'message.' }
}

export async function openWebhook(site: Site, { name, hook, order, wants }: WebhookOptions): Promise<OpenSubscriber> {
  const asAdmin = createHttp(site.api.ready()['api'] ?? '', site.token)
  const limited = wants && (await asAdmin('POST', '/v1/api-keys', { name, scopes: ['*'], sessions: [wants.session] }))
  const asMaker = limited ? createHttp(site.api.ready()['api'] ?? '', String(limited['key'])) : asAdmin
  const { webhookId, secret } = await asMaker('POST', '/v1/webhooks', {
    url: `${site.receiver.ready()['receiver']}/hook/${hook}`,
    order,
    ...(wants ? { types: [`${wants.types}*`] } : {}),
  })
  const posts = () => readJournal(site.journal, hook)
  const switchTo = (enabled: boolean) =>
    site.client.ask({ method: 'PATCH', path: `/v1/webhooks/${webhookId}`, body: { enabled } })

  const record = (): SubscriberRecord => {
    const came = posts()
    return {
      name,
      repeats: 'allowed',
      order: order === 'session' ? 'in order' : 'any order',
      ...(wants ? { wants } : {}),
      events: came.filter(({ isTaken }) => isTaken).map(({ body }) => JSON.parse(body) as ShownEvent),
      complaints: [],
      posts: { secret: String(secret), came },
    }
  }
  return {
    record,
    missing(feed) {
      const taken = new Set(posts().flatMap(({ id, isTaken }) => (isTaken ? [id] : [])))
      return feed.filter((event) => isWanted(wants, event) && !taken.has(event.id)).length
    },
    /** What failed under way waits for its next attempt, minutes perhaps: switched off and on, all of it is due. */
    async hurry() {
      await switchTo(false)
      await switchTo(true)
    },
    visits: () => posts().length,
    close: () => undefined,
  }
}
