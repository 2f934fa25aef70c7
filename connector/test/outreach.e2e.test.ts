// WhatsApp's lock on writing to new contacts, from the refusal to its end, over the real wire.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import { openWorld, type World } from '../../scripts/testing/world.ts'

let world: World
let api: TestApi
beforeEach(async () => {
  world = await openWorld()
  const on = { store: world.store, uri: '', dbName: world.dbName, close: () => Promise.resolve() }
  api = await openTestApi({ on, withFeed: false })
})
afterEach(async () => {
  await api.close()
  await world.close()
})

const lockedUntil = async (): Promise<string | undefined> =>
  (await api.call('GET', '/v1/sessions/s')).body.outreachLockedUntil as string | undefined
const stateOf = async (messageId: string) => (await world.store.commands.ofMessage('s', messageId))?.state

test('463 ends one message and holds back the next to a new contact, over a kill -9, until WhatsApp lifts it; answers go on', async () => {
  const [ana, beto, carla, dora] = await Promise.all(['Ana', 'Beto', 'Carla', 'Dora'].map((name) => world.phone(name)))
  if (!ana || !beto || !carla || !dora) throw new Error('a phone is missing')
  const first = await world.startConnector()
  await world.link('s', ana)
  await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: 'hello' })
  await world.untilEvent('message.received')
  expect(await lockedUntil()).toBeUndefined()

  await world.door('PUT', `/phones/${ana.phone}/outreach-lock`, { active: true, seconds: 7_200, notify: false })
  await world.door('POST', '/faults', { kind: 'nack', phone: ana.phone, code: 463 })
  const refused = await world.post('s', carla, 'refused')
  const failed = await world.untilEvent('message.failed')
  expect(failed.data).toMatchObject({
    messageId: refused,
    error: { code: 'whatsapp.463', reason: expect.stringMatching(/new contacts/) as string },
  })
  const locked = await world.untilEvent('session.outreach_locked', ({ data }) => data['by'] === 'whatsapp')
  const until = locked.data['until'] as Date
  expect(Math.abs(until.getTime() - Date.now() - 7_200_000), 'the time that WhatsApp named').toBeLessThan(60_000)
  expect(await lockedUntil()).toBe(until.toISOString())

  const cold = await world.post('s', dora, 'cold')
  await world.post('s', beto, 'answer')
  expect((await world.inbox(beto, 1)).map(({ text }) => text)).toEqual(['answer'])
  expect(await stateOf(cold)).toBe('queued')

  first.kill('SIGKILL')
  await first.exited
  const before = world.of('session.connected').length
  await world.startConnector()
  await world.until('back', () => world.of('session.connected').length > before)
  await world.post('s', beto, 'second answer')
  expect((await world.inbox(beto, 2)).map(({ text }) => text)).toEqual(['answer', 'second answer'])
  expect(await stateOf(cold)).toBe('queued')
  expect(await lockedUntil()).toBe(until.toISOString())

  await world.door('PUT', `/phones/${ana.phone}/outreach-lock`, { active: false })
  await world.untilEvent('session.outreach_unlocked')
  expect((await world.inbox(dora, 1)).map(({ text, deliveries }) => [text, deliveries])).toEqual([['cold', 1]])
  await world.untilEvent('message.sent', ({ data }) => data['messageId'] === cold)
  expect(await lockedUntil()).toBeUndefined()
  expect(await stateOf(refused)).toBe('failed')
  expect(await world.inbox(carla), 'a refusal is final').toEqual([])
  expect(world.of('session.outreach_locked').map(({ data }) => data['by'])).toEqual(['guess', 'whatsapp'])
  expect(world.of('session.outreach_unlocked')).toHaveLength(1)
})

test('a lock that WhatsApp tells by itself holds back before anything is refused; who writes to us is answered', async () => {
  const [ana, beto, dora] = await Promise.all(['Ana', 'Beto', 'Dora'].map((name) => world.phone(name)))
  if (!ana || !beto || !dora) throw new Error('a phone is missing')
  await world.startConnector()
  await world.link('s', ana)
  await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: 'hello' })
  await world.untilEvent('message.received')
  await world.door('PUT', `/phones/${ana.phone}/outreach-lock`, { active: true, seconds: 7_200 })
  await world.untilEvent('session.outreach_locked')
  const cold = await world.post('s', dora, 'cold')
  await world.post('s', beto, 'answer')
  await world.inbox(beto, 1)
  expect(await stateOf(cold)).toBe('queued')
  await world.door('POST', `/phones/${dora.phone}/messages`, { to: ana.phone, text: 'it is me who writes' })
  expect((await world.inbox(dora, 1)).map(({ text }) => text)).toEqual(['cold'])
  expect(world.of('message.failed')).toEqual([])
})
