// Channels over the real wire: followed, read, run, from either side.
import sharp from 'sharp'
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
})
afterAll(async () => {
  await api.close()
  await world.close()
})

const base = '/v1/sessions/s/channels'
const at = (channel: string, more = '') => `${base}/${channel}${more}`
const call = (method: string, path: string, body?: object) =>
  api.call(method, `${path}${path.includes('?') ? '&' : '?'}wait=30`, body ? { body } : {})
const ask = (path: string) => api.call('GET', path)
/** Beto's phone writes in it. */
const write = async (body: object, channel = news) =>
  (await world.door('POST', `/channels/${channel}/posts`, { by: beto.phone, ...body })) as {
    messageId: string
    serverId: number
  }
const ofMessage = (type: Parameters<World['of']>[0], messageId: unknown) =>
  world.untilEvent(type, (event) => event.data['messageId'] === messageId)
const png = async () =>
  (
    await sharp({ create: { width: 30, height: 20, channels: 3, background: '#284' } })
      .png()
      .toBuffer()
  ).toString('base64')
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

  expect((await ask(`${base}/lookup?invite=${invite}`)).body).toMatchObject({ isFollowed: true, role: 'subscriber' })

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

test('the picture of a post, which no key opens, is fetched and compared with its hash', async () => {
  const { messageId } = await write({ text: 'Foto', image: { base64: await png(), mimetype: 'image/png' } })
  expect((await ofMessage('message.received', messageId)).data).toMatchObject({ type: 'image', text: 'Foto' })
  await ofMessage('message.media_ready', messageId)
  const file = await ask(`/v1/sessions/s/messages/${messageId}/media`)
  expect(file.status).toBe(200)
  expect(file.headers.get('content-type')).toBe('image/png')
  const lie = await write({ image: { base64: await png(), mimetype: 'image/png', wrongHash: true } })
  await ofMessage('message.received', lie.messageId)
  await expect
    .poll(async () => (await ask(`/v1/sessions/s/messages/${lie.messageId}`)).body.media)
    .toMatchObject({ state: 'failed', error: { code: 'media.corrupt' } })
})

test('followed, muted, renamed and unfollowed on the phone is so here', async () => {
  const { id } = await world.door('POST', '/channels', { owner: beto.phone, name: 'Clima' })
  const clima = String(id)
  const follower = (more: object) => world.door('PUT', `/channels/${clima}/followers`, { phone: ana.phone, ...more })
  await follower({ followed: true })
  expect((await told('followed', clima)).data).toMatchObject({ name: 'Clima', role: 'subscriber' })
  await follower({ muted: true })
  expect((await told('isMuted', clima)).data).toMatchObject({ isMuted: true })
  await world.door('PATCH', `/channels/${clima}`, { by: beto.phone, name: 'Tiempo', description: 'Sol' })
  expect((await told('name', clima)).data).toMatchObject({ name: 'Tiempo', description: 'Sol', isMuted: true })
  expect((await ask(at(clima))).body).toMatchObject({ name: 'Tiempo', isMuted: true, role: 'subscriber' })
  await follower({ followed: false })
  await told('unfollowed', clima)
  expect((await ask(base)).body.data).toMatchObject([{ channelId: news }])
})

test('a channel that ends is followed no more', async () => {
  const { id } = await world.door('POST', '/channels', { owner: beto.phone, name: 'Corto' })
  expect((await call('PUT', at(String(id), '/follow'))).status).toBe(200)
  await world.door('POST', `/channels/${String(id)}/remove`, { by: beto.phone })
  await told('unfollowed', String(id))
  expect(await ask(at(String(id)))).toMatchObject({ status: 404, body: { code: 'channel.not_found' } })
})

test('muted and unmuted by us; a reaction of ours and its end are there', async () => {
  expect((await call('PUT', at(news, '/mute'))).status).toBe(200)
  const server = async () => world.door('GET', `/channels/${news}`)
  expect((await server())['followers']).toContainEqual({ phone: ana.phone, muted: true })
  expect((await call('DELETE', at(news, '/mute'))).status).toBe(200)
  expect((await ask(at(news))).body).toMatchObject({ isMuted: false })

  const { messageId } = await write({ text: 'Sale el sol' })
  await ofMessage('message.received', messageId)
  const path = `/v1/sessions/s/messages/${messageId}`
  const reactions = async () => ((await server())['posts'] as { reactions: unknown[] }[]).at(-1)?.reactions
  expect((await call('PUT', `${path}/reaction`, { emoji: '☀️' })).status).toBe(200)
  expect(await reactions()).toEqual([{ phone: ana.phone, emoji: '☀️' }])
  expect((await ask(path)).body.reactions).toMatchObject([{ sender: 'me', emoji: '☀️' }])
  expect((await call('PUT', `${path}/reaction`, { emoji: '' })).status).toBe(200)
  expect(await reactions()).toEqual([])
})

test('views and reactions of a post are told while they are watched, and with a page of posts', async () => {
  const { messageId, serverId } = await write({ text: 'Cuenten' })
  await ofMessage('message.received', messageId)
  const react = (emoji: string) =>
    world.door('POST', `/channels/${news}/reactions`, { phone: beto.phone, serverId, emoji })
  await react('👀')
  expect(world.of('message.counted')).toEqual([])
  expect((await api.call('POST', at(news, '/watch'))).body).toEqual({ seconds: 300 })
  await react('👍')
  const counted = await ofMessage('message.counted', messageId)
  expect(counted.data['post']).toEqual({ serverId: String(serverId), views: 0, reactions: [{ emoji: '👍', count: 1 }] })
  // Reading the chat counts as a view.
  expect((await call('POST', `/v1/sessions/s/chats/${news}/read`, {})).status).toBe(200)
  await world.untilEvent('message.counted', ({ data }) => (data['post'] as { views?: number }).views === 1)
  const page = await ask(at(news, '/posts?limit=1'))
  expect(page, page.text).toMatchObject({
    status: 200,
    body: { data: [{ messageId, text: 'Cuenten', post: { views: 1 } }] },
  })
})

test('posts from before we followed are fetched page by page, and told by no event', async () => {
  const { id } = await world.door('POST', '/channels', { owner: beto.phone, name: 'Viejo' })
  const old = String(id)
  for (const text of ['uno', 'dos', 'tres']) await write({ text }, old)
  expect((await call('PUT', at(old, '/follow'))).status).toBe(200)
  const first = (await ask(at(old, '/posts?limit=2'))).body.data
  expect(first).toMatchObject([{ text: 'tres', historical: true }, { text: 'dos' }])
  const rest = (await ask(at(old, `/posts?before=${first[1].post.serverId}`))).body.data
  expect(rest).toMatchObject([{ text: 'uno' }])
  expect((await ask(`/v1/sessions/s/chats/${old}/messages`)).body.data).toHaveLength(3)
  expect(world.of('message.received').map(({ data }) => data['text'])).not.toContain('uno')
})

test('a channel of our own: made, written in, changed and ended', async () => {
  const made = await call('POST', base, { name: 'Nuestro', description: 'de la casa' })
  expect(made, made.text).toMatchObject({ status: 201, body: { result: { name: 'Nuestro', role: 'owner' } } })
  const own: string = made.body.result.channelId
  await world.door('PUT', `/channels/${own}/followers`, { phone: beto.phone, followed: true })

  const sent = await api.call('POST', '/v1/sessions/s/messages?wait=30', {
    body: { type: 'text', to: own, text: 'Bienvenidos' },
  })
  expect(sent, sent.text).toMatchObject({ status: 201, body: { status: 'sent' } })
  const event = await ofMessage('message.sent', sent.body.messageId)
  expect(event.data).toMatchObject({ chatId: own, fromMe: true, text: 'Bienvenidos', post: { serverId: '100' } })
  expect((await world.door('GET', `/channels/${own}`))['posts']).toMatchObject([{ text: 'Bienvenidos', serverId: 100 }])
  // What our own phone writes is ours as well, and stands once.
  const { messageId } = (await world.door('POST', `/channels/${own}/posts`, {
    by: ana.phone,
    text: 'del teléfono',
  })) as {
    messageId: string
  }
  expect((await ofMessage('message.sent', messageId)).data).toMatchObject({ from: 'me', post: { serverId: '101' } })
  const page = (await ask(at(own, '/posts'))).body.data
  expect(page).toMatchObject([
    { messageId, fromMe: true },
    { messageId: sent.body.messageId, fromMe: true },
  ])
  expect((await ask(`/v1/sessions/s/chats/${own}/messages`)).body.data).toHaveLength(2)

  expect((await call('PATCH', at(own), { name: 'Casa', description: '' })).status).toBe(200)
  expect(await world.door('GET', `/channels/${own}`)).toMatchObject({ name: 'Casa', description: '' })
  expect((await told('name', own)).data).toMatchObject({ name: 'Casa', description: '' })
  const headers = { authorization: `Bearer ${api.adminKey}`, 'content-type': 'image/png' }
  const uploaded = await api.app.request('/v1/media', {
    method: 'POST',
    headers,
    body: Buffer.from(await png(), 'base64'),
  })
  const { fileId } = (await uploaded.json()) as { fileId: string }
  expect((await call('PUT', at(own, '/picture'), { fileId })).status).toBe(200)
  expect((await world.door('GET', `/channels/${own}`))['pictureBytes']).toBeGreaterThan(0)
  expect((await call('DELETE', at(own, '/picture'))).status).toBe(200)
  expect((await world.door('GET', `/channels/${own}`))['pictureBytes']).toBe(0)
  expect(await call('DELETE', at(own, '/follow'))).toMatchObject({ status: 409, body: { code: 'channel.owner' } })
  expect((await call('DELETE', at(own))).status).toBe(200)
  await told('unfollowed', own)
  await expect(world.door('GET', `/channels/${own}`)).rejects.toThrow('404')
})
