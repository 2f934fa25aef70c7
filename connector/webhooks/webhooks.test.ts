// Webhooks against a real receiver and a real database.
import { Webhook as Verifier } from 'standardwebhooks'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { MongoClient } from 'mongodb'
import { openTestStore, type TestStore } from '../../scripts/testing/mongo.ts'
import { answer, hang, openReceiver, reset, type Receiver } from '../../scripts/testing/receiver.ts'
import type { Delivery } from '../../shared/model/delivery.ts'
import type { StoredEvent } from '../../shared/model/event.ts'
import type { CreateWebhook, Webhook } from '../../shared/model/webhook.ts'
import type { Feed } from '../../shared/store/feed.ts'
import { openOutside, type Outside } from '../outside/open-outside.ts'
import { openWebhooks, type Webhooks, type WebhooksOptions } from './open-webhooks.ts'

let opened: TestStore
let client: MongoClient
let feed: Feed
let outside: Outside
let receiver: Receiver
let keyId: string
let session: string
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

const db = () => client.db(opened.dbName)
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
    leaseTtlMs: 2_000,
    outside,
    log: silent,
    ...options,
    timing: { retryWaitsMs: [50, 100, 200, 400, 800], saveMs: 50, attemptMs: 1_000, ...options.timing },
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
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)
/** Looks again whenever anything is told by the feed or comes in, and a few times a second. */
async function eventually<T>(look: () => Promise<T | false | undefined> | T | false | undefined): Promise<T> {
  for (const until = performance.now() + 20_000; performance.now() < until;) {
    const found = await look()
    if (found !== false && found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 20)) // waits: what a worker writes of itself rings no bell
  }
  throw new Error('waited 20 s')
}
const deliveryOf = (webhook: Webhook, eventId: string, fits: (row: Delivery) => boolean = () => true) =>
  eventually(async () => {
    const row = await opened.store.deliveries.read(webhook._id, eventId)
    return row !== null && fits(row) && row
  })
const teamEvent = (type: string, webhook: Webhook) =>
  eventually(() => events.find((event) => event.type === type && event.data['webhookId'] === webhook._id))

test('what is delivered verifies by the standard library, and says where it stands in the feed', async () => {
  const { webhook, secret } = await create()
  start()
  const [event] = await append(session, 1)
  await receiver.until((received) => received.length === 1)
  const [one] = receiver.received
  expect(new Verifier(secret).verify(one?.body ?? '', one?.headers as Record<string, string>)).toEqual({
    type: 'message.received',
    timestamp: event?.at.toISOString(),
    data: { i: 0 },
    id: `${session}:1`,
    stream: session,
    seq: 1,
  })
  expect(one?.id).toBe(`${session}:1`)
  const row = await deliveryOf(webhook, `${session}:1`, (found) => found.state === 'delivered')
  expect(row).toMatchObject({ attempts: [{ status: 200 }], tries: 1 })
  expect(row.finishedAt).toBeInstanceOf(Date)
})

test('each event goes out once, sessions to come included; other types do not', async () => {
  await create()
  start()
  await append(session, 30)
  await append(session, 5, 'chat.updated')
  await append(session, 30)
  const later = await createSession()
  await append(later, 20)
  await receiver.until((received) => received.length >= 80)
  expect(numbersOf(session).toSorted((a, b) => a - b)).toEqual([...upTo(30), ...upTo(30).map((n) => n + 35)])
  expect(numbersOf(later).toSorted((a, b) => a - b)).toEqual(upTo(20))
})

test('in order, a failing event holds its own stream of its own webhook, and nothing else', async () => {
  const other = await createSession()
  await create({ order: 'session' })
  const parallel = await openReceiver()
  await create({ url: parallel.url })
  // The third fails for as long as the other stream is not done.
  receiver.behave((one, response) =>
    answer(one.id === `${session}:3` && numbersOf(other).length < 10 ? 500 : 200)(one, response),
  )
  start({ timing: { retryWaitsMs: Array.from({ length: 500 }, () => 50) } })
  await append(session, 10)
  await append(other, 10)
  await receiver.until(() => numbersOf(session).includes(10))
  expect(numbersOf(other)).toEqual(upTo(10))
  const inOrder = numbersOf(session)
  expect(inOrder.filter((n) => n === 3).length, 'it was tried again').toBeGreaterThan(1)
  expect([...new Set(inOrder)]).toEqual(upTo(10))
  expect(inOrder, 'and nothing of its stream went before it was through').toEqual(inOrder.toSorted((x, y) => x - y))
  await parallel.until((received) => received.length >= 20)
  expect(parallel.ids().toSorted()).toEqual(
    [...upTo(10).map((n) => `${session}:${n}`), ...upTo(10).map((n) => `${other}:${n}`)].toSorted(),
  )
  await parallel.close()
})

test('a hanging receiver delays no other webhook', async () => {
  const bad = await openReceiver()
  bad.behave(hang)
  const { webhook } = await create({ url: bad.url })
  await create()
  start()
  await append(session, 100)
  const began = performance.now()
  await receiver.until((received) => received.length >= 100)
  expect(performance.now() - began).toBeLessThan(10_000)
  const row = await deliveryOf(webhook, `${session}:1`, (found) => found.attempts.length > 0)
  expect(row.attempts[0]).toMatchObject({ error: 'timeout' })
  expect(row.attempts[0]?.durationMs).toBeGreaterThanOrEqual(990)
  await bad.close()
}, 60_000)

test('each kind of trouble is recorded by its word, and what was said by its first kilobyte', async () => {
  const troubles: [string, Parameters<Receiver['behave']>[0], object][] = [
    ['500', answer(500, {}, 'broken here'), { status: 500, error: 'status', answer: 'broken here' }],
    ['reset', reset, { error: 'connection' }],
    ['redirect', answer(301, { location: 'http://127.0.0.1:1/elsewhere' }), { status: 301, error: 'redirect' }],
    ['huge', answer(400, {}, 'x'.repeat(5_000_000)), { status: 400, error: 'status', answer: 'x'.repeat(1_000) }],
  ]
  const { webhook } = await create()
  start()
  for (const [i, [name, behaviour, expected]] of troubles.entries()) {
    receiver.behave(behaviour)
    await append(session, 1)
    const row = await deliveryOf(webhook, `${session}:${i + 1}`, (found) => found.attempts.length > 0)
    expect(row.attempts[0], name).toMatchObject(expected)
    receiver.behave(answer(200))
    await deliveryOf(webhook, `${session}:${i + 1}`, (found) => found.state === 'delivered')
  }
  expect(receiver.received.every(({ json }) => json.type === 'message.received')).toBe(true)
})

test('a 200 whose answer never ends is delivered, and read no further', async () => {
  const { webhook } = await create()
  receiver.behave((_one, response) => void response.writeHead(200).write('begun'))
  start({ timing: { attemptMs: 10_000 } })
  await append(session, 1)
  const row = await deliveryOf(webhook, `${session}:1`, (found) => found.state === 'delivered')
  expect(row.attempts).toMatchObject([{ status: 200, answer: 'begun' }])
})

test('waits grow, Retry-After is honoured, and after the last wait it has failed', async () => {
  const { webhook } = await create()
  receiver.behave((one, response) =>
    receiver.received.length === 1 ? answer(503, { 'retry-after': '1' })(one, response) : answer(500)(one, response),
  )
  start({ timing: { retryWaitsMs: [10, 20, 40] } })
  await append(session, 1)
  const row = await deliveryOf(webhook, `${session}:1`, (found) => found.state === 'failed')
  expect(row.attempts.map(({ status }) => status)).toEqual([503, 500, 500, 500])
  const [first = 0, second = 0] = receiver.received.map(({ atMs }) => atMs)
  expect(second - first).toBeGreaterThanOrEqual(1_000)
})

test('410 switches it off at once, and says so on the team’s stream', async () => {
  const { webhook } = await create()
  receiver.behave(answer(410))
  start()
  await append(session, 1)
  expect((await teamEvent('webhook.disabled', webhook)).data).toMatchObject({ reason: 'gone', url: receiver.url })
  const row = await eventually(async () => {
    const found = await opened.store.webhooks.read(webhook._id)
    return found?.enabled === false && found
  })
  expect(row.disabled).toMatchObject({ reason: 'gone' })
  await append(session, 3)
  receiver.behave(answer(200))
  await opened.store.webhooks.patch(webhook._id, { enabled: true })
  await opened.store.deliveries.requeue(webhook._id)
  await opened.store.webhooks.wake(webhook._id)
  await receiver.until(() => new Set(numbersOf(session)).size === 4)
})

test('unbroken failure switches it off; one success begins the count anew', async () => {
  const { webhook } = await create()
  receiver.behave(answer(500))
  start({ timing: { retryWaitsMs: Array.from({ length: 50 }, () => 60), disableAfterMs: 600 } })
  await append(session, 1)
  await eventually(async () => (await opened.store.webhooks.read(webhook._id))?.failingSince)
  receiver.behave(answer(200))
  await eventually(async () => (await opened.store.webhooks.read(webhook._id))?.failingSince === undefined)
  receiver.behave(answer(500))
  await append(session, 1)
  expect((await teamEvent('webhook.disabled', webhook)).data).toMatchObject({ reason: 'failing' })
})

test('when its key is revoked the webhook stops, and says so', async () => {
  const { webhook } = await create()
  start()
  await append(session, 1)
  await receiver.until((received) => received.length === 1)
  const beganAt = performance.now()
  await opened.store.apiKeys.revoke(keyId)
  expect((await teamEvent('webhook.disabled', webhook)).data).toMatchObject({ reason: 'key_revoked' })
  expect(performance.now() - beganAt).toBeLessThan(2_000)
  await append(session, 3)
  await eventually(async () => (await opened.store.webhooks.read(webhook._id))?.enabled === false)
  expect(receiver.received).toHaveLength(1)
})

test('events outside the sessions of its key never go out, whatever streams are named', async () => {
  const foreign = await createSession()
  await create({ streams: ['*'], types: ['*'] }, { sessions: [session] })
  await create({ streams: [session, foreign, 'team'], types: ['*'] }, { sessions: [session] })
  start()
  await append(foreign, 3)
  await opened.store.events.appendOnce('team', [{ type: 'session.updated', data: {} }])
  await append(session, 3)
  await receiver.until((received) => received.length >= 6)
  expect(new Set(receiver.received.map(({ json }) => json.stream))).toEqual(new Set([session]))
})

test('a place older than what is kept: it says so and goes on', async () => {
  const { webhook } = await create({ streams: [session] }, { places: { [session]: 2 } })
  await append(session, 10)
  await db()
    .collection('events')
    .deleteMany({ stream: session, seq: { $lte: 6 } })
  start()
  expect((await teamEvent('webhook.gap', webhook)).data).toMatchObject({ stream: session, from: 3, to: 6 })
  await receiver.until((received) => received.length === 4)
  expect(numbersOf(session).toSorted((a, b) => a - b)).toEqual([7, 8, 9, 10])
})

test('everything of a stream expired: that is said as well, without a new event', async () => {
  const { webhook } = await create({ streams: [session] }, { places: { [session]: 2 } })
  await append(session, 5)
  await db().collection('events').deleteMany({ stream: session })
  start()
  expect((await teamEvent('webhook.gap', webhook)).data).toMatchObject({ stream: session, from: 3, to: 5 })
  await append(session, 1)
  await receiver.until((received) => received.length === 1)
  expect(numbersOf(session)).toEqual([6])
})

test('down for a while, it goes on at its place with the same ids', async () => {
  await create({ order: 'session' })
  const first = start()
  await append(session, 5)
  await receiver.until((received) => received.length === 5)
  await first.close()
  await append(session, 5)
  start()
  await receiver.until((received) => received.length >= 10)
  expect(numbersOf(session)).toEqual(upTo(10))
})

test('a clean stop ends what is in hand and gives the lease back', async () => {
  const { webhook } = await create()
  receiver.behave((_one, response) => void setTimeout(() => response.writeHead(200).end(), 600))
  const first = start({ leaseTtlMs: 60_000 })
  await append(session, 1)
  await receiver.until((received) => received.length === 1)
  await first.close()
  expect(await opened.store.deliveries.read(webhook._id, `${session}:1`)).toMatchObject({ state: 'delivered' })
  start({ leaseTtlMs: 60_000 })
  await append(session, 1)
  await receiver.until((received) => received.length === 2)
  expect(receiver.ids()).toEqual([`${session}:1`, `${session}:2`])
})

test('a stop does not wait for a receiver that hangs', async () => {
  await create()
  receiver.behave(hang)
  const first = start({ timing: { attemptMs: 60_000, stopMs: 300 } })
  await append(session, 1)
  await receiver.until((received) => received.length === 1)
  const beganAt = performance.now()
  await first.close()
  expect(performance.now() - beganAt).toBeLessThan(2_000)
  receiver.behave(answer(200))
  start()
  await receiver.until((received) => received.length === 2)
  expect(receiver.ids()).toEqual([`${session}:1`, `${session}:1`])
})

test('several processes: each event goes out once', async () => {
  await Promise.all(upTo(3).map(() => create({ order: 'session' })))
  start()
  start()
  start()
  await append(session, 40)
  await receiver.until((received) => received.length >= 120)
  const perId = new Map<string, number>()
  for (const id of receiver.ids()) perId.set(id, (perId.get(id) ?? 0) + 1)
  expect([...perId.values()].every((n) => n === 3)).toBe(true)
})

test('a worker that lost its lease moves no place and marks nothing', async () => {
  const { webhook } = await create()
  const { webhooks, deliveries } = opened.store
  const old = await webhooks.claim(webhook._id, 'old', 0)
  const now = await webhooks.claim(webhook._id, 'new', 60_000)
  expect([old?.epoch, now?.epoch]).toEqual([1, 2])
  expect(await webhooks.claim(webhook._id, 'third', 60_000), 'taken').toBeNull()
  expect(await webhooks.moveTo(webhook._id, 2, new Map([[session, 9]]))).toBe('moved')
  expect(await webhooks.moveTo(webhook._id, 1, new Map([[session, 20]]))).toBe('lost')
  expect(await webhooks.moveTo(webhook._id, 2, new Map([[session, 5]])), 'and never back').toBe('moved')
  expect((await webhooks.readHeld(webhook._id, 'new', 2))?.places).toMatchObject({ [session]: 9 })

  await deliveries.add(webhook._id, [{ stream: session, seq: 1, type: 'message.received', at: new Date() }], 1)
  const id = `${webhook._id}/${session}:1`
  const attempt = { at: new Date(), durationMs: 1 }
  const dueAt = new Date(Date.now() + 60_000)
  expect(await deliveries.record(id, 2, attempt, { state: 'pending', dueAt })).toBe('recorded')
  expect(await deliveries.record(id, 1, attempt, { state: 'failed' })).toBe('lost')
  expect(await deliveries.record(id, 2, attempt, { state: 'delivered' })).toBe('recorded')
  expect(await deliveries.record(id, 1, attempt, { state: 'failed' })).toBe('lost')
  expect(await deliveries.read(webhook._id, `${session}:1`)).toMatchObject({ state: 'delivered', tries: 2 })
  expect(await webhooks.disable(webhook._id, { epoch: 1, revision: 1 }, 'gone')).toBe('changed')
  await webhooks.release(webhook._id, 'old', 1)
  expect(await webhooks.readHeld(webhook._id, 'new', 2), 'another’s release frees nothing').not.toBeNull()
})

test('a worker whose lease ran out by its own count sends nothing', async () => {
  const { webhook } = await create()
  const held = new Set<string>()
  const stalled = {
    ...opened.store,
    webhooks: {
      ...opened.store.webhooks,
      renew: () => Promise.reject(new Error('not now')),
      free: async (limit: number) => (held.size > 0 ? [] : opened.store.webhooks.free(limit)),
      claim: async (id: string, owner: string, ttlMs: number) => {
        held.add(id)
        return opened.store.webhooks.claim(id, owner, ttlMs)
      },
    },
  }
  start({ store: stalled, leaseTtlMs: 300 })
  await append(session, 1)
  await receiver.until((received) => received.length === 1)
  await new Promise((resolve) => setTimeout(resolve, 400)) // waits: for the lease to run out
  await append(session, 1)
  const row = await deliveryOf(webhook, `${session}:2`)
  await new Promise((resolve) => setTimeout(resolve, 300)) // waits: that something does not happen
  expect([row.attempts, numbersOf(session)]).toEqual([[], [1]])
})

test('while a secret is being replaced both sign; then the new one alone', async () => {
  const { webhook, secret } = await create()
  start()
  const rotated = await opened.store.webhooks.rotateSecret(webhook._id, 60_000)
  await append(session, 1)
  await receiver.until((received) => received.length === 1)
  const verify = (key: string, i: number) => () =>
    new Verifier(key).verify(receiver.received[i]?.body ?? '', receiver.received[i]?.headers as Record<string, string>)
  expect(verify(secret, 0)).not.toThrow()
  expect(verify(rotated?.secret ?? '', 0)).not.toThrow()
  const last = await opened.store.webhooks.rotateSecret(webhook._id, 0)
  await append(session, 1)
  await receiver.until((received) => received.length === 2)
  expect(verify(secret, 1)).toThrow()
  expect(verify(last?.secret ?? '', 1)).not.toThrow()
  const kept = JSON.stringify(
    await db()
      .collection('webhooks')
      .findOne({ _id: webhook._id as never }),
  )
  expect(kept).not.toContain('whsec_')
  expect(Buffer.from(kept).includes(Buffer.from(secret.slice(6)))).toBe(false)
})

test('asked for anew, it goes by what is asked now', async () => {
  const { webhook } = await create({ types: ['message.*'] })
  start()
  await append(session, 1)
  await receiver.until((received) => received.length === 1)
  const elsewhere = await openReceiver()
  await opened.store.webhooks.patch(webhook._id, { url: elsewhere.url, types: ['chat.*'], order: 'session' })
  await eventually(async () => ((await opened.store.webhooks.read(webhook._id))?.epoch ?? 0) > 1)
  await append(session, 2, 'chat.updated')
  await elsewhere.until((received) => received.length === 2)
  expect(receiver.received).toHaveLength(1)
  await elsewhere.close()
})

test('a webhook that is deleted stops, and leaves no deliveries', async () => {
  const { webhook } = await create()
  receiver.behave(answer(500))
  start()
  await append(session, 3)
  await receiver.until((received) => received.length >= 3)
  await opened.store.webhooks.remove(webhook._id)
  await opened.store.deliveries.removeAll(webhook._id)
  await eventually(async () => running[0]?.held() === 0)
  expect(await db().collection('deliveries').countDocuments({ webhookId: webhook._id })).toBe(0)
})
