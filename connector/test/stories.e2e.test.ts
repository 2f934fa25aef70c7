// Stories: ours are seen by those who are named, theirs come when they are wanted.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let api: TestApi
let ana: Phone
let beto: Phone
let eva: Phone
beforeAll(async () => {
  world = await openWorld()
  api = await openTestApi({ on: world })
  ;[ana, beto, eva] = [await world.phone('Ana'), await world.phone('Beto'), await world.phone('Eva')]
  await world.startConnector()
  await world.link('s', ana)
})
afterAll(async () => {
  await api.close()
  await world.close()
})

const tell = (from: Phone, text: string) =>
  world.door('POST', `/phones/${from.phone}/messages`, { to: 'status@broadcast', text, viewers: [ana.phone] })
const says = (text: string) => world.untilEvent('message.received', (event) => event.data['text'] === text)

test('a story of ours is seen by those who are named, by our own phone, and by nobody else', async () => {
  const path = '/v1/sessions/s/status'
  const answer = await api.call('POST', `${path}?wait=30`, {
    body: { text: 'open today', viewers: [`+${beto.phone}`] },
  })
  expect(answer.status, answer.text).toBe(201)
  expect(await world.inbox(beto, 1)).toMatchObject([{ text: 'open today' }])
  await world.untilEvent('message.delivered', (event) => event.data['messageId'] === answer.body.messageId)
  expect(await world.inbox(eva)).toEqual([])
  expect((await api.call('GET', path)).body.data).toMatchObject([{ text: 'open today', fromMe: true }])
  expect((await api.call('GET', '/v1/sessions/s/chats')).body.data, 'no chat').toEqual([])
})

test('stories of others are dropped, and come from the moment they are wanted, each under its author', async () => {
  await tell(beto, 'nobody asked')
  await world.door('POST', `/phones/${eva.phone}/messages`, { to: ana.phone, text: 'marker' })
  await says('marker')
  await api.call('PATCH', '/v1/sessions/s', { body: { settings: { ignoreStatus: false } } })
  // What is wanted is heard of a moment later.
  await world.until('it is heard of', () => world.of('session.updated').length > 0)
  let told: Record<string, any> | undefined
  for (let i = 0; told === undefined; i += 1) {
    await tell(beto, `story ${i}`)
    await world.door('POST', `/phones/${eva.phone}/messages`, { to: ana.phone, text: `after ${i}` })
    await says(`after ${i}`)
    told = world.of('message.received').find((event) => event.data['text'] === `story ${i}`)?.data
  }
  expect(told).toMatchObject({ chatId: 'status@broadcast', from: beto.lid })
  expect(told['people']).toMatchObject([{ lid: beto.lid, phone: beto.phone }])
  const texts = world.of('message.received').map((event) => event.data['text'])
  expect(texts).not.toContain('nobody asked')
  const chats = (await api.call('GET', '/v1/sessions/s/chats')).body.data
  expect(
    chats.map((chat: any) => chat.chatId),
    'stories are no chat',
  ).toEqual([eva.lid])
})

test('a message to the chat of stories, and a story for nobody, are refused', async () => {
  const message = { type: 'text', to: 'status@broadcast', text: 'x' }
  expect(await api.call('POST', '/v1/sessions/s/messages', { body: message })).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'to' }] },
  })
  const other = await api.createSession()
  expect(await api.call('POST', `/v1/sessions/${other}/status`, { body: { text: 'x' } })).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'viewers' }] },
  })
})
