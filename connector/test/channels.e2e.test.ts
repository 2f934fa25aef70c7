// Channels over the real wire: followed, read, run, from either side.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let api: TestApi
let ana: Phone
let beto: Phone
/** Beto's. */
let news: string
let invite: string
beforeAll(async () => {
  world = await openWorld()
  api = await openTestApi({ on: world })
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  const made = await world.door('POST', '/channels', { owner: beto.phone, name: 'Noticias', description: 'Del barrio' })
  ;[news, invite] = [String(made['id']), String(made['invite'])]
  await world.startConnector()
  await world.link('s', ana)
}, 60_000)
afterAll(async () => {
  await api.close()
  await world.close()
})

const base = '/v1/sessions/s/channels'
const at = (channel: string, more = '') => `${base}/${channel}${more}`
const call = (method: string, path: string, body?: object) =>
  api.call(method, `${path}${path.includes('?') ? '&' : '?'}wait=20`, body ? { body } : {})
const ask = (path: string) => api.call('GET', path)
/** Beto's phone writes in it. */
const write = async (body: object, channel = news) =>
  (await world.door('POST', `/channels/${channel}/posts`, { by: beto.phone, ...body })) as {
    messageId: string
    serverId: number
  }
const ofMessage = (type: Parameters<World['of']>[0], messageId: unknown) =>
  world.untilEvent(type, (event) => event.data['messageId'] === messageId)
const told = (changed: string, channelId = news) =>
  world.untilEvent(
    'channel.updated',
    ({ data }) => data['channelId'] === channelId && (data['changed'] as string[]).includes(changed),
  )

test('a channel is looked up by its link and by its id, and followed; its posts come as messages, with their number', async () => {
  const found = await ask(`${base}/lookup?invite=https://whatsapp.com/channel/${invite}`)
  expect(found, found.text).toMatchObject({
    status: 200,
    body: { channelId: news, name: 'Noticias', description: 'Del barrio', role: 'guest', isFollowed: false },
  })
  expect((await ask(at(news))).body).toMatchObject({ channelId: news, isFollowed: false })
  expect((await ask(base)).body.data).toEqual([])

  const followed = await call('PUT', at(news, '/follow'))
  expect(followed, followed.text).toMatchObject({ status: 200, body: { result: { role: 'subscriber' } } })
  expect((await told('followed')).data).toMatchObject({ name: 'Noticias', isFollowed: true })
  expect((await ask(base)).body.data).toMatchObject([{ channelId: news, name: 'Noticias', isMuted: false }])

  const { messageId, serverId } = await write({ text: 'Llueve' })
  expect((await ofMessage('message.received', messageId)).data).toMatchObject({
    chatId: news,
    from: news,
    fromMe: false,
    text: 'Llueve',
    post: { serverId: String(serverId) },
  })
  expect((await ask(`/v1/sessions/s/chats/${news}/messages`)).body.data).toMatchObject([{ text: 'Llueve' }])
  // Counted right behind the event.
  await expect
    .poll(async () => (await ask(`/v1/sessions/s/chats/${news}`)).body)
    .toMatchObject({ name: 'Noticias', unreadCount: 1 })
  expect((await ask('/v1/sessions/s/contacts')).text, 'no contact').not.toContain('newsletter')
})
