// What a channel is not, who may do what in it, and what the rest of the API makes of its chat.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../scripts/testing/api.ts'
import type { ChannelRole } from '../../../shared/model/channel.ts'

let api: TestApi
let sessionId: string
beforeAll(async () => {
  api = await openTestApi()
  sessionId = await api.createSession()
  await put(followed, 'subscriber')
  await put(own, 'owner')
  await put(left, 'guest')
  await put(administered, 'admin')
  const row = {
    sessionId,
    messageId: 'POST1',
    fromMe: false,
    type: 'text' as const,
    text: 'hola',
    timestamp: new Date(),
    statusTimes: {},
    reactions: [],
    createdAt: new Date(),
  }
  await api.store.chats.resolveOrCreate(sessionId, [followed], new Date())
  await api.store.messages.insert([
    {
      ...row,
      _id: `${sessionId}/${followed}/${followed}/POST1`,
      chatId: followed,
      sender: followed,
      post: { serverId: '100' },
    },
  ])
})
afterAll(() => api.close())

const jid = (n: number) => `12036300000000000${n}@newsletter`
const [followed, own, left, administered, unknown] = [1, 2, 3, 4, 5].map(jid) as [
  string,
  string,
  string,
  string,
  string,
]
const put = (channelId: string, role: ChannelRole) =>
  api.store.channels.put({
    sessionId,
    channelId,
    name: channelId,
    description: '',
    isVerified: false,
    isMuted: false,
    role,
    revision: 1,
  })
const call = (method: string, path: string, body?: object) =>
  api.call(method, `/v1/sessions/${sessionId}${path}`, body ? { body } : {})
/** The code of a refusal; nothing stands in the outbox for it. */
async function refused(method: string, path: string, body?: object): Promise<[number, string]> {
  const before = await api.store.commands.countQueued(sessionId, 1_000)
  const answer = await call(method, path, body)
  expect(await api.store.commands.countQueued(sessionId, 1_000), `${method} ${path}`).toBe(before)
  return [answer.status, answer.body?.code]
}

test('the list has what is followed, by name; one that was left is not in it', async () => {
  const { data } = (await call('GET', '/channels')).body
  expect(data.map((one: any) => one.channelId)).toEqual([followed, own, administered])
  expect((await call('GET', `/channels/${followed}`)).body).toMatchObject({ role: 'subscriber', isFollowed: true })
})

test.each(['5491155550000', 'x', '1@g.us', '1@lid', 'a b@newsletter', `${'1'.repeat(80)}@newsletter`])(
  'what is no channel (%s) is refused by every route',
  async (id) => {
    const path = `/channels/${encodeURIComponent(id)}`
    const fault = [422, 'request.invalid']
    expect(await refused('GET', path)).toEqual(fault)
    expect(await refused('PATCH', path, { name: 'x' })).toEqual(fault)
    expect(await refused('DELETE', path)).toEqual(fault)
    for (const part of ['follow', 'mute']) expect(await refused('PUT', `${path}/${part}`)).toEqual(fault)
    expect(await refused('GET', `${path}/posts`)).toEqual(fault)
  },
)

test('what is followed no more, or never was, can be neither muted nor read nor written in', async () => {
  for (const id of [left, unknown]) {
    const fault = [409, 'channel.not_followed']
    expect(await refused('PUT', `/channels/${id}/mute`)).toEqual(fault)
    expect(await refused('DELETE', `/channels/${id}/follow`)).toEqual(fault)
    expect(await refused('GET', `/channels/${id}/posts`)).toEqual(fault)
    expect(await refused('POST', `/channels/${id}/watch`)).toEqual(fault)
    expect(await refused('PATCH', `/channels/${id}`, { name: 'x' })).toEqual(fault)
    expect(await refused('POST', '/messages', { type: 'text', to: id, text: 'x' })).toEqual(fault)
  }
})

test('a follower neither writes in a channel nor changes it; an admin does not end it, its owner does not leave it', async () => {
  const fault = [403, 'channel.not_admin']
  expect(await refused('POST', '/messages', { type: 'text', to: followed, text: 'x' })).toEqual(fault)
  expect(
    await refused('POST', '/messages/bulk', { recipients: [followed], message: { type: 'text', text: 'x' } }),
  ).toEqual(fault)
  expect(await refused('POST', '/messages/POST1/forward', { to: followed })).toEqual(fault)
  expect(await refused('PATCH', `/channels/${followed}`, { name: 'x' })).toEqual(fault)
  expect(await refused('DELETE', `/channels/${followed}/picture`)).toEqual(fault)
  expect(await refused('DELETE', `/channels/${followed}`)).toEqual(fault)
  expect(await refused('DELETE', `/channels/${administered}`)).toEqual(fault)
  expect(await refused('DELETE', `/channels/${own}/follow`)).toEqual([409, 'channel.owner'])
  expect((await call('POST', '/messages', { type: 'text', to: own, text: 'x' })).status).toBe(202)
})

test('only texts are posted, and they name and quote nothing', async () => {
  const fault = [409, 'channel.not_supported']
  const poll = { question: 'q', options: ['a', 'b'] }
  expect(await refused('POST', '/messages', { type: 'poll', to: own, poll })).toEqual(fault)
  const text = { type: 'text', to: own, text: 'x' }
  expect(await refused('POST', '/messages', { ...text, quotedMessageId: 'POST1' })).toEqual(fault)
  expect(await refused('POST', '/messages', { ...text, mentions: ['5491155550000'] })).toEqual(fault)
  expect(await refused('POST', '/messages', { ...text, ephemeralSeconds: 86_400 })).toEqual(fault)
})

test('what belongs to chats of people and groups is refused for a channel, by every route', async () => {
  const fault = [409, 'channel.not_supported']
  const chat = `/chats/${followed}`
  expect(await refused('PUT', `${chat}/typing`, { state: 'composing' })).toEqual(fault)
  expect(await refused('PATCH', chat, { archived: true })).toEqual(fault)
  expect(await refused('POST', `${chat}/unread`)).toEqual(fault)
  expect(await refused('POST', `${chat}/history`, {})).toEqual(fault)
  expect(await refused('DELETE', chat)).toEqual(fault)
  expect(await refused('POST', '/presence/subscribe', { chatId: followed })).toEqual(fault)
  expect(await refused('PATCH', '/messages/POST1', { text: 'x' })).toEqual(fault)
  expect(await refused('DELETE', '/messages/POST1')).toEqual(fault)
  expect(await refused('DELETE', '/messages/POST1?for=me')).toEqual(fault)
  expect(await refused('PUT', '/messages/POST1/star', {})).toEqual(fault)
  expect(await refused('PUT', '/messages/POST1/pin', {})).toEqual(fault)
  expect(await refused('POST', '/messages/POST1/poll-vote', { options: [] })).toEqual(fault)
  expect(await refused('GET', `/groups/${followed}`)).toEqual([422, 'request.invalid'])
  expect(await refused('GET', `/contacts/${followed}`)).toEqual([404, 'contact.not_found'])
  expect(await refused('PUT', `/contacts/${followed}/block`)).toEqual([404, 'contact.not_found'])
  expect((await call('PUT', '/messages/POST1/reaction', { emoji: '👍' })).status).toBe(202)
  expect((await call('POST', `${chat}/read`, {})).status).toBe(202)
})

test('names, descriptions, invites and pages within bounds', async () => {
  const fault = [422, 'request.invalid']
  for (const body of [{}, { name: '' }, { name: 'x'.repeat(101) }, { name: 'a\nb' }, { name: 'x', picture: 1 }])
    expect(await refused('POST', '/channels', body)).toEqual(fault)
  expect(await refused('POST', '/channels', { name: 'x', description: 'x'.repeat(2_049) })).toEqual(fault)
  expect(await refused('PATCH', `/channels/${own}`, {})).toEqual(fault)
  for (const invite of ['', 'https://evil.example/x', 'https://whatsapp.com/channel/../..', 'a'.repeat(65)])
    expect(await refused('GET', `/channels/lookup?invite=${encodeURIComponent(invite)}`)).toEqual(fault)
  for (const query of ['limit=0', 'limit=101', 'before=x', 'other=1'])
    expect(await refused('GET', `/channels/${own}/posts?${query}`)).toEqual(fault)
  expect(await refused('PUT', `/channels/${own}/picture`, { fileId: 'nothing' })).toEqual([422, 'request.invalid'])
})

test('a key that may only read channels changes none; one without them sees none', async () => {
  const { key } = await api.createKey({ scopes: ['channels.read', 'sessions.read'] })
  const path = `/v1/sessions/${sessionId}/channels`
  expect((await api.call('GET', path, { key })).status).toBe(200)
  expect((await api.call('POST', path, { key, body: { name: 'x' } })).status).toBe(403)
  const { key: other } = await api.createKey({ scopes: ['groups.*', 'sessions.read'] })
  expect((await api.call('GET', path, { key: other })).status).toBe(403)
})
