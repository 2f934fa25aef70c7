// Webhooks with real processes: a connector killed in mid-delivery, one that stalls, a receiver that is down.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { answer, openReceiver, type Receiver } from '../../scripts/testing/receiver.ts'
import { openWorld, type World } from '../../scripts/testing/world.ts'

const env = { CONNECTOR_ROLES: 'webhooks', ALLOW_PRIVATE_ADDRESSES: 'on', LEASE_TTL_MS: '2000' }
const streams = ['a', 'b', 'c']
const perStream = 60

let world: World
let receiver: Receiver
beforeEach(async () => {
  world = await openWorld({ connectorEnv: env })
  receiver = await openReceiver()
  for (const stream of streams) await world.createSession(stream)
})
afterEach(async () => {
  await world.close()
  await receiver.close()
})

async function createWebhook(order: 'session' | 'parallel', url = receiver.url) {
  const { key } = await world.store.apiKeys.create({ name: 'k', scopes: ['*'] }, 'test')
  const asked = { url, streams: ['*'], types: ['message.*'], order }
  return (await world.store.webhooks.create(asked, { keyId: key._id, places: {} })).webhook
}
async function append(n: number) {
  for (const stream of streams)
    await world.store.events.appendOnce(
      stream,
      Array.from({ length: n }, (_, i) => ({ type: 'message.received' as const, data: { i } })),
    )
}
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)
/** Numbers of a stream in the order in which each came first. */
const firsts = (stream: string, of = receiver) =>
  [...new Set(of.ids().filter((id) => id.startsWith(`${stream}:`)))].map((id) => Number(id.split(':')[1]))
const isAllHere = (n: number, of = receiver) => streams.every((stream) => firsts(stream, of).length === n)

test('killed with -9 in mid-delivery, again and again: another takes over, nothing is lost, order is kept, ids are the same', async () => {
  const unordered = await openReceiver()
  // Slow enough that every kill meets some in hand.
  for (const one of [receiver, unordered])
    one.behave((received, response) => void setTimeout(() => answer(200)(received, response), 20))
  await createWebhook('session')
  await createWebhook('parallel', unordered.url)
  await world.startConnector()
  await append(perStream)
  for (let kill = 1; kill <= 3; kill += 1) {
    // The next one stands ready before the one that works is killed.
    const [working] = world.connectors().slice(-1)
    await world.startConnector()
    await receiver.until((received) => received.length >= kill * 40)
    working?.kill('SIGKILL')
  }
  await receiver.until(() => isAllHere(perStream))
  await unordered.until(() => isAllHere(perStream, unordered))
  for (const stream of streams) {
    expect(firsts(stream), 'in order').toEqual(upTo(perStream))
    expect(firsts(stream, unordered).toSorted((x, y) => x - y)).toEqual(upTo(perStream))
  }
  for (const one of [receiver, unordered])
    expect(one.received.every(({ id, json }) => id === `${json.stream}:${json.seq}` && json.id === id)).toBe(true)
  await unordered.close()
})

test('a receiver that is down for a while gets everything in order once it is up, from one that was started meanwhile', async () => {
  await createWebhook('session')
  const first = await world.startConnector()
  await append(10)
  await receiver.until(() => isAllHere(10))
  receiver.down()
  await append(10)
  await first.stop()
  await world.startConnector()
  expect(streams.map((stream) => firsts(stream).length)).toEqual([10, 10, 10])
  receiver.up()
  await receiver.until(() => isAllHere(20))
  for (const stream of streams) expect(firsts(stream)).toEqual(upTo(20))
})

test('a worker that stalls is taken over; woken, it moves no place back and marks nothing', async () => {
  const webhook = await createWebhook('session')
  // So long that a lease is lost to the stall alone, not to a machine that stands still for a moment.
  const patient = { LEASE_TTL_MS: '6000' }
  const stalled = await world.startConnector(patient)
  await append(10)
  await receiver.until(() => isAllHere(10))
  stalled.kill('SIGSTOP')
  await world.startConnector(patient)
  await append(10)
  await receiver.until(() => isAllHere(20))
  stalled.kill('SIGCONT')
  await append(10)
  await receiver.until(() => isAllHere(30))
  for (const stream of streams) expect(firsts(stream)).toEqual(upTo(30))
  const { data } = await world.store.deliveries.page(webhook._id, { limit: 200 })
  const states = new Set(data.map(({ state }) => state))
  expect([data.length, states.size <= 2 && !states.has('failed')]).toEqual([90, true])
  const row = await world.store.webhooks.read(webhook._id)
  expect(row?.epoch, 'taken over once, never fought over').toBe(2)
})
