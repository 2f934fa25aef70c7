// Who works on a webhook, from where, for whom, and until when.
import { expect, test } from 'vitest'
import { answer, hang, openReceiver } from '../../scripts/testing/receiver.ts'
import { upTo, useStage } from '../../scripts/testing/webhook-stage.ts'

const stage = useStage()
const { db, createSession, create, start, append, numbersOf, eventually, deliveryOf, teamEvent } = stage

test('when its key is revoked the webhook stops, and says so', async () => {
  const { webhook } = await create()
  start()
  await append(stage.session, 1)
  await stage.receiver.until((received) => received.length === 1)
  const beganAt = performance.now()
  await stage.store.apiKeys.revoke(stage.keyId)
  expect((await teamEvent('webhook.disabled', webhook)).data).toMatchObject({ reason: 'key_revoked' })
  expect(performance.now() - beganAt).toBeLessThan(2_000)
  await append(stage.session, 3)
  await eventually(async () => (await stage.store.webhooks.read(webhook._id))?.enabled === false)
  expect(stage.receiver.received).toHaveLength(1)
})

test('events outside the sessions of its key never go out, whatever streams are named', async () => {
  const foreign = await createSession()
  await create({ streams: ['*'], types: ['*'] }, { sessions: [stage.session] })
  await create({ streams: [stage.session, foreign, 'team'], types: ['*'] }, { sessions: [stage.session] })
  start()
  await append(foreign, 3)
  await stage.store.events.appendOnce('team', [{ type: 'session.updated', data: {} }])
  await append(stage.session, 3)
  await stage.receiver.until((received) => received.length >= 6)
  expect(new Set(stage.receiver.received.map(({ json }) => json.stream))).toEqual(new Set([stage.session]))
})

test('a place older than what is kept: it says so and goes on', async () => {
  const { webhook } = await create({ streams: [stage.session] }, { places: { [stage.session]: 2 } })
  await append(stage.session, 10)
  await db()
    .collection('events')
    .deleteMany({ stream: stage.session, seq: { $lte: 6 } })
  start()
  expect((await teamEvent('webhook.gap', webhook)).data).toMatchObject({ stream: stage.session, from: 3, to: 6 })
  await stage.receiver.until((received) => received.length === 4)
  expect(numbersOf(stage.session).toSorted((a, b) => a - b)).toEqual([7, 8, 9, 10])
})

test('everything of a stream expired: that is said as well, without a new event', async () => {
  const { webhook } = await create({ streams: [stage.session] }, { places: { [stage.session]: 2 } })
  await append(stage.session, 5)
  await db().collection('events').deleteMany({ stream: stage.session })
  start()
  expect((await teamEvent('webhook.gap', webhook)).data).toMatchObject({ stream: stage.session, from: 3, to: 5 })
  await append(stage.session, 1)
  await stage.receiver.until((received) => received.length === 1)
  expect(numbersOf(stage.session)).toEqual([6])
})

test('down for a while, it goes on at its place with the same ids', async () => {
  await create({ order: 'session' })
  const first = start()
  await append(stage.session, 5)
  await stage.receiver.until((received) => received.length === 5)
  await first.close()
  await append(stage.session, 5)
  start()
  await stage.receiver.until((received) => received.length >= 10)
  expect(numbersOf(stage.session)).toEqual(upTo(10))
})

test('a clean stop ends what is in hand and gives the lease back', async () => {
  const { webhook } = await create()
  stage.receiver.behave((_one, response) => void setTimeout(() => response.writeHead(200).end(), 600))
  const first = start({ leaseTtlMs: 60_000 })
  await append(stage.session, 1)
  await stage.receiver.until((received) => received.length === 1)
  await first.close()
  expect(await stage.store.deliveries.read(webhook._id, `${stage.session}:1`)).toMatchObject({ state: 'delivered' })
  start({ leaseTtlMs: 60_000 })
  await append(stage.session, 1)
  await stage.receiver.until((received) => received.length === 2)
  expect(stage.receiver.ids()).toEqual([`${stage.session}:1`, `${stage.session}:2`])
})

test('a stop does not wait for a receiver that hangs', async () => {
  await create()
  stage.receiver.behave(hang)
  const first = start({ timing: { attemptMs: 60_000, stopMs: 300 } })
  await append(stage.session, 1)
  await stage.receiver.until((received) => received.length === 1)
  const beganAt = performance.now()
  await first.close()
  expect(performance.now() - beganAt).toBeLessThan(2_000)
  stage.receiver.behave(answer(200))
  start()
  await stage.receiver.until((received) => received.length === 2)
  expect(stage.receiver.ids()).toEqual([`${stage.session}:1`, `${stage.session}:1`])
})

test('in order, a stop does not wait for the next attempt of what has just failed', async () => {
  await create({ order: 'session' })
  const first = start({ timing: { retryWaitsMs: [60_000] } })
  let closed: Promise<void> | undefined
  stage.receiver.behave((received, response) => {
    closed = first.close()
    answer(500)(received, response)
  })
  await append(stage.session, 1)
  await stage.receiver.until(() => closed !== undefined)
  const beganAt = performance.now()
  await closed
  expect(performance.now() - beganAt).toBeLessThan(5_000)
})

test('several processes: each event goes out once', async () => {
  await Promise.all(upTo(3).map(() => create({ order: 'session' })))
  start()
  start()
  start()
  await append(stage.session, 40)
  await stage.receiver.until((received) => received.length >= 120)
  const perId = new Map<string, number>()
  for (const id of stage.receiver.ids()) perId.set(id, (perId.get(id) ?? 0) + 1)
  expect([...perId.values()].every((n) => n === 3)).toBe(true)
})

test('a worker that lost its lease moves no place and marks nothing', async () => {
  const { webhook } = await create()
  const { webhooks, deliveries } = stage.store
  const old = await webhooks.claim(webhook._id, 'old', 0)
  const now = await webhooks.claim(webhook._id, 'new', 60_000)
  expect([old?.epoch, now?.epoch]).toEqual([1, 2])
  expect(await webhooks.claim(webhook._id, 'third', 60_000), 'taken').toBeNull()
  expect(await webhooks.moveTo(webhook._id, 2, new Map([[stage.session, 9]]))).toBe('moved')
  expect(await webhooks.moveTo(webhook._id, 1, new Map([[stage.session, 20]]))).toBe('lost')
  expect(await webhooks.moveTo(webhook._id, 2, new Map([[stage.session, 5]])), 'and never back').toBe('moved')
  expect((await webhooks.readHeld(webhook._id, 'new', 2))?.places).toMatchObject({ [stage.session]: 9 })

  await deliveries.add(webhook._id, [{ stream: stage.session, seq: 1, type: 'message.received', at: new Date() }], 1)
  const id = `${webhook._id}/${stage.session}:1`
  const attempt = { at: new Date(), durationMs: 1 }
  const dueAt = new Date(Date.now() + 60_000)
  expect(await deliveries.record(id, 2, attempt, { state: 'pending', dueAt })).toBe('recorded')
  expect(await deliveries.record(id, 1, attempt, { state: 'failed' })).toBe('lost')
  expect(await deliveries.record(id, 2, attempt, { state: 'delivered' })).toBe('recorded')
  expect(await deliveries.record(id, 1, attempt, { state: 'failed' })).toBe('lost')
  expect(await deliveries.read(webhook._id, `${stage.session}:1`)).toMatchObject({ state: 'delivered', tries: 2 })
  expect(await webhooks.disable(webhook._id, { epoch: 1, revision: 1 }, 'gone')).toBe('changed')
  await webhooks.release(webhook._id, 'old', 1)
  expect(await webhooks.readHeld(webhook._id, 'new', 2), 'another’s release frees nothing').not.toBeNull()
})

test('a worker whose lease ran out by its own count sends nothing', async () => {
  const { webhook } = await create()
  const held = new Set<string>()
  const stalled = {
    ...stage.store,
    webhooks: {
      ...stage.store.webhooks,
      renew: () => Promise.reject(new Error('not now')),
      free: async (limit: number) => (held.size > 0 ? [] : stage.store.webhooks.free(limit)),
      claim: async (id: string, owner: string, ttlMs: number) => {
        held.add(id)
        return stage.store.webhooks.claim(id, owner, ttlMs)
      },
    },
  }
  await append(stage.session, 1)
  start({ store: stalled, leaseTtlMs: 3_000 })
  await stage.receiver.until((received) => received.length === 1)
  await new Promise((resolve) => setTimeout(resolve, 3_100)) // waits: for the lease to run out
  await append(stage.session, 1)
  const row = await deliveryOf(webhook, `${stage.session}:2`)
  await new Promise((resolve) => setTimeout(resolve, 300)) // waits: that something does not happen
  expect([row.attempts, numbersOf(stage.session)]).toEqual([[], [1]])
})

test('in order, a worker whose lease ran out by its own count lets go, and it goes on', async () => {
  const { store } = stage
  await create({ order: 'session' })
  let isAway = false
  const renew: typeof store.webhooks.renew = (...given) =>
    isAway ? Promise.reject(new Error('not now')) : store.webhooks.renew(...given)
  start({ store: { ...store, webhooks: { ...store.webhooks, renew } }, leaseTtlMs: 600 })
  await append(stage.session, 1)
  await stage.receiver.until((received) => received.length >= 1)
  isAway = true
  await new Promise((resolve) => setTimeout(resolve, 700)) // waits: for the lease to run out
  await append(stage.session, 1)
  await stage.receiver.until(() => numbersOf(stage.session).includes(2))
  // A lease that ran out while one was in hand lets it go again.
  expect([...new Set(numbersOf(stage.session))]).toEqual([1, 2])
})

test('asked for anew, it goes by what is asked now', async () => {
  const { webhook } = await create({ types: ['message.*'] })
  start()
  await append(stage.session, 1)
  await stage.receiver.until((received) => received.length === 1)
  const elsewhere = await openReceiver()
  await stage.store.webhooks.patch(webhook._id, { url: elsewhere.url, types: ['chat.*'], order: 'session' })
  await eventually(async () => ((await stage.store.webhooks.read(webhook._id))?.epoch ?? 0) > 1)
  await append(stage.session, 2, 'chat.updated')
  await elsewhere.until((received) => received.length === 2)
  expect(stage.receiver.received).toHaveLength(1)
  await elsewhere.close()
})

test('a webhook that is deleted stops, and leaves no deliveries', async () => {
  const { webhook } = await create()
  stage.receiver.behave(answer(500))
  start()
  await append(stage.session, 3)
  await stage.receiver.until((received) => received.length >= 3)
  await stage.store.webhooks.remove(webhook._id)
  await stage.store.deliveries.removeAll(webhook._id)
  await eventually(async () => stage.running[0]?.held() === 0)
  expect(await db().collection('deliveries').countDocuments({ webhookId: webhook._id })).toBe(0)
})

test('a claim whose answer was lost does not stay nobody’s: what was claimed so is worked on', async () => {
  const { store } = stage
  const lost: string[] = []
  const claim: typeof store.webhooks.claim = async (id, ...rest) => {
    const claimed = await store.webhooks.claim(id, ...rest)
    if (lost.length > 0) return claimed
    lost.push(id)
    throw new Error('the answer did not arrive')
  }
  await Promise.all([create(), create()])
  start({ store: { ...store, webhooks: { ...store.webhooks, claim } }, leaseTtlMs: 2_000 })
  await append(stage.session, 3)
  await stage.receiver.until((received) => received.length === 6)
  expect(lost).toHaveLength(1)
})

test.each(['session', 'parallel'] as const)(
  'what a worker whose clock is ahead had queued and not tried goes at once (%s)',
  async (order) => {
    const { store } = stage
    const { webhook } = await create({ order })
    await append(stage.session, 1)
    const event = { stream: stage.session, seq: 1, type: 'message.received' as const, at: new Date() }
    if (order === 'session') await store.deliveries.addOrdered(webhook._id, event, 0)
    else await store.deliveries.add(webhook._id, [event], 0)
    const inTenMinutes = new Date(Date.now() + 600_000)
    await db()
      .collection('deliveries')
      .updateMany({ webhookId: webhook._id }, { $set: { dueAt: inTenMinutes } })
    start()
    await stage.receiver.until((received) => received.length === 1)
  },
)

test.each([
  ['before the delivery stands', 'add'],
  ['after it stands, before the place has moved', 'moveTo'],
])('a process that dies %s costs no event', async (_when, fatal) => {
  const { store } = stage
  const { webhook } = await create()
  let bury: () => void = () => undefined
  const buried = new Promise<never>((_resolve, reject) => (bury = () => reject(new Error('dead'))))
  buried.catch(() => undefined)
  let isDead = false
  /** One thing that it asks for is not answered any more; soon after, nothing is. */
  const mortal = <T extends object>(part: T): T =>
    new Proxy(part, {
      get(target, name, receiver) {
        const own: unknown = Reflect.get(target, name, receiver)
        if (typeof own !== 'function' || name === 'secretsOf') return own
        return (...given: unknown[]): unknown => {
          if (name === fatal && !isEmpty(given)) {
            // What would be written too early is written before the end: places are, every 50 ms.
            setTimeout(() => (isDead = true), 250)
            return buried
          }
          return isDead ? buried : Reflect.apply(own, target, given)
        }
      },
    })
  const isEmpty = (given: unknown[]) =>
    given.some((one) => (Array.isArray(one) && one.length === 0) || (one instanceof Map && one.size === 0))
  const { webhooks, deliveries, events } = store
  const first = start({
    leaseTtlMs: 600,
    store: { ...store, webhooks: mortal(webhooks), deliveries: mortal(deliveries), events: mortal(events) },
  })
  await eventually(() => first.held() === 1)
  await append(stage.session, 3)
  await eventually(() => isDead)
  await eventually(async () => (await webhooks.free(10)).includes(webhook._id))
  start()
  await eventually(() => new Set(numbersOf(stage.session)).size === 3)
  await append(stage.session, 1)
  await eventually(() => new Set(numbersOf(stage.session)).size === 4)
  expect([...new Set(numbersOf(stage.session))].toSorted((x, y) => x - y)).toEqual([1, 2, 3, 4])
  bury()
})
