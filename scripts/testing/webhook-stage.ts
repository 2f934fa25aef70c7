// A stage for webhooks: a real database, a real receiver, workers of the test's own.
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { MongoClient, type Db } from 'mongodb'
import { openTestStore, type TestStore } from './mongo.ts'
import { openReceiver, type Receiver } from './receiver.ts'
import type { Delivery } from '../../shared/model/delivery.ts'
import type { StoredEvent } from '../../shared/model/event.ts'
import type { CreateWebhook, Webhook } from '../../shared/model/webhook.ts'
import type { Feed } from '../../shared/store/feed.ts'
import { openOutside, type Outside } from '../../connector/outside/open-outside.ts'
import { openWebhooks, type Webhooks, type WebhooksOptions } from '../../connector/webhooks/open-webhooks.ts'

/** Registers its own beginning and end with the test file that calls it. */
export function useStage() {
  let opened: TestStore
  let receiver: Receiver
  let keyId: string
  let session: string
  let client: MongoClient
  let feed: Feed
  let outside: Outside
  let count = 0
  const events: StoredEvent[] = []
  const looks = new Set<() => void>()
  const running: Webhooks[] = []
  const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined }

  beforeAll(async () => {
    opened = await openTestStore()
    client = await MongoClient.connect(opened.uri)
    feed = await opened.store.openFeed()
    feed.listen((change) => {
      if (change.kind === 'event') events.push(change.event)
      for (const look of looks) look()
    })
    outside = openOutside({ allowPrivate: true })
  })
  afterAll(async () => {
    await outside.close()
    await feed.close()
    await client.close()
    await opened.close()
  })
  beforeEach(async () => {
    receiver = await openReceiver()
    keyId = (await opened.store.apiKeys.create({ name: 'k', scopes: ['*'] }, 'test')).key._id
    session = await createSession()
  })
  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.close()))
    await receiver.close()
    await db().collection('webhooks').deleteMany({})
  })

  const db = (): Db => client.db(opened.dbName)
  async function createSession(): Promise<string> {
    const id = `s${(count += 1)}`
    await opened.store.sessions.create(id, {})
    return id
  }
  async function create(
    asked: Partial<CreateWebhook> = {},
    more: { sessions?: string[]; places?: Record<string, number>; keyId?: string } = {},
  ): Promise<{ webhook: Webhook; secret: string }> {
    const { store } = opened
    const heads = await store.events.headsOf([...(await store.sessions.ids()), 'team'])
    return store.webhooks.create(
      { url: receiver.url, streams: ['*'], types: ['message.*'], order: 'parallel', ...asked },
      { keyId, places: Object.fromEntries(heads), ...more },
    )
  }
  function start(options: Partial<WebhooksOptions> = {}): Webhooks {
    const one = openWebhooks({
      store: opened.store,
      feed,
      owner: `w${(count += 1)}`,
      // Nothing is lost to a machine that stands still for a while: who wants an end says when.
      leaseTtlMs: 60_000,
      outside,
      log: silent,
      ...options,
      timing: { retryWaitsMs: [50, 100, 200, 400, 800], saveMs: 50, ...options.timing },
    })
    running.push(one)
    return one
  }
  const append = (stream: string, n: number, type: 'message.received' | 'chat.updated' = 'message.received') =>
    opened.store.events.appendOnce(
      stream,
      Array.from({ length: n }, (_, i) => ({ type, data: { i } })),
    )
  const numbersOf = (stream: string) =>
    receiver
      .ids()
      .filter((id) => id.startsWith(`${stream}:`))
      .map((id) => Number(id.split(':')[1]))
  /** Looks again whenever anything is told by the feed or comes in, and a few times a second. */
  async function eventually<T>(look: () => Promise<T | false | undefined> | T | false | undefined): Promise<T> {
    for (const until = performance.now() + 50_000; performance.now() < until;) {
      const found = await look()
      if (found !== false && found !== undefined) return found
      await new Promise((resolve) => setTimeout(resolve, 20)) // waits: what a worker writes of itself rings no bell
    }
    throw new Error('waited 50 s')
  }
  const deliveryOf = (webhook: Webhook, eventId: string, fits: (row: Delivery) => boolean = () => true) =>
    eventually(async () => {
      const row = await opened.store.deliveries.read(webhook._id, eventId)
      return row !== null && fits(row) && row
    })
  const teamEvent = (type: string, webhook: Webhook) =>
    eventually(() => events.find((event) => event.type === type && event.data['webhookId'] === webhook._id))

  return {
    get store() {
      return opened.store
    },
    get receiver() {
      return receiver
    },
    get session() {
      return session
    },
    get keyId() {
      return keyId
    },
    running,
    db,
    createSession,
    create,
    start,
    append,
    numbersOf,
    eventually,
    deliveryOf,
    teamEvent,
  }
}

export const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)
