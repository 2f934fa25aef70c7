// What only the phone has: messages that are older than what it handed over, and messages that WhatsApp keeps from
// linked devices.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let api: TestApi
let ana: Phone
let beto: Phone
beforeAll(async () => {
  world = await openWorld()
  api = await openTestApi({ on: world })
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  await world.startConnector()
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString()
  const messages = Array.from({ length: 60 }, (_, i) => ({
    chat: beto.phone,
    text: `message ${i}`,
    at: at(i),
    older: i < 58,
  }))
  await world.door('POST', '/history', { phone: ana.phone, chats: [{ phone: beto.phone }], messages })
  await world.link('s', ana)
  await world.untilEvent('history.progress', (event) => event.data['progress'] === 100)
})
afterAll(async () => {
  await api.close()
  await world.close()
})

const path = () => `/v1/sessions/s/chats/${beto.phone}`
const texts = async () => (await api.call('GET', `${path()}/messages?limit=200`)).body.data.map((one: any) => one.text)
const upTo = (first: number) => Array.from({ length: 60 - first }, (_, i) => `message ${59 - i}`)

test('older messages come when they are asked for, each once, and are not told as new; the chat stays as it is', async () => {
  const kept = { pinned: true, mutedUntil: '2030-01-01T00:00:00.000Z' }
  expect((await api.call('PATCH', `${path()}?wait=30`, { body: kept })).status).toBe(200)
  expect(await texts()).toEqual(upTo(58))
  for (const [asked, first] of [
    [40, 18],
    [40, 0],
  ] as const) {
    const before = world.of('history.progress').length
    const answer = await api.call('POST', `${path()}/history?wait=30`, { body: { count: asked } })
    expect(answer.status, answer.text).toBe(200)
    const told = await world.until('the answer', () => world.of('history.progress')[before])
    expect(told.data).toMatchObject({ syncType: 'ON_DEMAND' })
    expect(await texts()).toEqual(upTo(first))
  }
  expect(world.of('message.received')).toEqual([])
  expect((await api.call('GET', path())).body, 'an answer that says nothing of it').toMatchObject({
    isPinned: true,
    mutedUntil: kept.mutedUntil,
  })
})

test('a chat without messages has nothing to ask from', async () => {
  const eva = await world.phone('Eva')
  await world.store.chats.resolveOrCreate('s', [eva.lid], new Date())
  const answer = await api.call('POST', `/v1/sessions/s/chats/${eva.lid}/history?wait=30`, { body: {} })
  expect(answer).toMatchObject({ status: 409, body: { code: 'chat.empty' } })
})

test('a message that WhatsApp withholds is a placeholder until the phone hands it over', async () => {
  const { messageId } = await world.door('POST', `/phones/${beto.phone}/messages`, {
    to: ana.phone,
    text: 'for your phone only',
    withheld: true,
  })
  const isIt = (event: { data: Record<string, unknown> }) => event.data['messageId'] === messageId
  await world.untilEvent('message.undecryptable', isIt)
  const { data } = await world.untilEvent('message.received', isIt)
  expect(data).toMatchObject({ type: 'text', text: 'for your phone only', chatId: beto.lid })
  const { body } = await api.call('GET', `/v1/sessions/s/messages/${String(messageId)}`)
  expect(body).toMatchObject({ type: 'text', text: 'for your phone only' })
  expect((await texts()).filter((text: string) => text === 'for your phone only')).toHaveLength(1)
})
