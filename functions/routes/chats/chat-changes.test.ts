// What may be asked of chats, messages, labels, calls and the account, and what is refused without changing anything.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../scripts/testing/api.ts'

let api: TestApi
let session: string
let path: string
const jid = '5491155550001@s.whatsapp.net'
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  session = await api.createSession()
  path = `/v1/sessions/${session}`
  await api.store.chats.resolveOrCreate(session, [jid], new Date())
})

const waiting = () => api.store.commands.waiting(session, 50, [])
const message = (messageId: string, more: object = {}) =>
  api.store.messages.insert([
    {
      _id: `${session}/${jid}/${jid}/${messageId}`,
      sessionId: session,
      chatId: jid,
      messageId,
      sender: jid,
      fromMe: false,
      type: 'text',
      text: 'hola',
      timestamp: new Date(),
      statusTimes: {},
      reactions: [],
      createdAt: new Date(),
      ...more,
    },
  ])

test('every change of a chat is one order in its lane', async () => {
  const changes = [
    ['PATCH', `chats/${jid}`, { archived: true, mutedUntil: null }],
    ['POST', `chats/${jid}/unread`, undefined],
    ['DELETE', `chats/${jid}/messages`, undefined],
    ['DELETE', `chats/${jid}`, undefined],
  ] as const
  for (const [method, where, body] of changes)
    expect((await api.call(method, `${path}/${where}`, body ? { body } : {})).status).toBe(202)
  expect((await waiting()).map(({ kind, lane }) => [kind, lane])).toEqual([
    ['chat.set', jid],
    ['chat.unread', jid],
    ['chat.clear', jid],
    ['chat.delete', jid],
  ])
})

test('what makes no sense is refused, and nothing is ordered', async () => {
  await message('M1', { status: 'queued', fromMe: true })
  const cases: [string, string, object | undefined, number, string][] = [
    ['PATCH', `chats/${jid}`, {}, 422, 'request.invalid'],
    ['PATCH', `chats/${jid}`, { archived: 'yes' }, 422, 'request.invalid'],
    ['PATCH', `chats/${jid}`, { mutedUntil: 'tomorrow' }, 422, 'request.invalid'],
    ['PATCH', `chats/${jid}`, { ephemeralSeconds: 7 }, 422, 'request.invalid'],
    ['PATCH', `chats/${jid}`, { labels: ['$ne'] }, 422, 'request.invalid'],
    ['PATCH', `chats/${jid}`, { labels: ['12'] }, 404, 'label.not_found'],
    ['PATCH', `chats/${jid}`, { name: 'x' }, 422, 'request.invalid'],
    ['PATCH', 'chats/34600000009', { archived: true }, 404, 'chat.not_found'],
    ['DELETE', 'chats/34600000009', undefined, 404, 'chat.not_found'],
    ['PUT', 'messages/none/star', {}, 404, 'message.not_found'],
    ['PUT', 'messages/M1/star', {}, 404, 'message.not_found'],
    ['PUT', 'messages/M1/pin', { seconds: 60 }, 422, 'request.invalid'],
    ['DELETE', 'messages/M1?for=me', undefined, 404, 'message.not_found'],
    ['DELETE', 'messages/M1?for=nobody', undefined, 422, 'request.invalid'],
    ['POST', 'labels', { name: ' ' }, 422, 'request.invalid'],
    ['POST', 'labels', { name: 'x', color: 20 }, 422, 'request.invalid'],
    ['PATCH', 'labels/1', { name: 'x' }, 404, 'label.not_found'],
    ['DELETE', 'labels/..%2F1', undefined, 404, 'label.not_found'],
    ['POST', 'calls/none/reject', undefined, 404, 'call.not_found'],
    ['PATCH', 'profile', {}, 422, 'request.invalid'],
    ['PATCH', 'profile', { name: 'x'.repeat(26) }, 422, 'request.invalid'],
    ['PATCH', 'privacy', { online: 'none' }, 422, 'request.invalid'],
    ['PUT', 'contacts/123@g.us/block', undefined, 404, 'contact.not_found'],
    ['GET', 'contacts/123@g.us/about', undefined, 404, 'contact.not_found'],
    ['GET', 'lids?phone=0', undefined, 422, 'request.invalid'],
  ]
  for (const [method, where, body, status, code] of cases) {
    const answer = await api.call(method, `${path}/${where}`, body ? { body } : {})
    expect([where, answer.status, answer.body.code]).toEqual([where, status, code])
  }
  expect(await waiting()).toEqual([])
})

test('a key that may only read changes nothing', async () => {
  const { key } = await api.createKey({ scopes: ['chats.read', 'contacts.read', 'sessions.read', 'messages.read'] })
  const changes = [
    ['PATCH', `chats/${jid}`],
    ['DELETE', `chats/${jid}`],
    ['POST', 'labels'],
    ['PUT', 'contacts/5491155550001/block'],
    ['PATCH', 'profile'],
    ['PATCH', 'privacy'],
    ['POST', 'calls/c/reject'],
    ['PUT', 'messages/M1/star'],
  ] as const
  for (const [method, where] of changes)
    expect((await api.call(method, `${path}/${where}`, { key })).body.code).toBe('auth.forbidden')
  expect(await waiting()).toEqual([])
})

test('two labels made at once have two ids, and an id is never used again', async () => {
  const both = await Promise.all(['a', 'b'].map((name) => api.call('POST', `${path}/labels`, { body: { name } })))
  expect(new Set(both.map(({ body }) => body.labelId))).toEqual(new Set(['1', '2']))
  expect((await api.call('GET', `${path}/labels`)).body.data, 'WhatsApp has not had them yet').toEqual([])
  await api.store.labels.put(session, '2', { deleted: true })
  expect((await api.call('POST', `${path}/labels`, { body: { name: 'c' } })).body.labelId).toBe('3')
})

test('a deleted chat is in no list, and something new brings it back where it was', async () => {
  await api.store.chats.clear(session, jid, { upTo: new Date(1_000), deleted: true, lastMessage: undefined })
  for (const list of ['chats', 'chats?archived=false', 'chats?unread=false'])
    expect((await api.call('GET', `${path}/${list}`)).body.data).toEqual([])
  const old = { messageId: 'M0', type: 'text', fromMe: false, at: new Date(900) }
  await api.store.chats.touch(session, jid, { lastMessage: old })
  expect((await api.call('GET', `${path}/chats`)).body.data, 'told again').toEqual([])
  await api.store.chats.touch(session, jid, { lastMessage: { ...old, at: new Date(2_000) } })
  expect((await api.call('GET', `${path}/chats`)).body.data).toMatchObject([{ chatId: jid }])
})
