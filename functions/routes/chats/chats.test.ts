import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../scripts/testing/api.ts'

let api: TestApi
let session: string
let path: string
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  session = await api.createSession()
  path = `/v1/sessions/${session}`
})

const jid = (n: number) => `549115555000${n}@s.whatsapp.net`

async function chat(n: number, facts: { pinned?: number; unreadCount?: number; archived?: boolean } = {}) {
  await api.store.chats.resolveOrCreate(session, [jid(n), `12345678901234${n}@lid`], new Date(Date.UTC(2026, 4, n)))
  await api.store.chats.describe(session, jid(n), facts)
}

test('chats come pinned first, then by last activity, page by page', async () => {
  await chat(1, { pinned: 1 })
  await chat(2)
  await chat(3)
  const first = await api.call('GET', `${path}/chats?limit=2`)
  expect(first.body.data.map((one: any) => one.chatId)).toEqual([jid(1), jid(3)])
  expect(first.body.data[0]).toMatchObject({ isPinned: true, phone: '5491155550001', unreadCount: 0 })
  const second = await api.call('GET', `${path}/chats?limit=2&cursor=${first.body.nextCursor}`)
  expect(second.body).toMatchObject({ data: [{ chatId: jid(2) }], nextCursor: null })
})

test('chats are filtered by archived and unread', async () => {
  await chat(1, { archived: true })
  await chat(2, { unreadCount: 3 })
  expect((await api.call('GET', `${path}/chats?archived=true`)).body.data).toMatchObject([{ chatId: jid(1) }])
  expect((await api.call('GET', `${path}/chats?unread=true`)).body.data).toMatchObject([{ chatId: jid(2) }])
})

test('a chat is found by its phone number, its jid and its LID', async () => {
  await chat(1)
  for (const id of ['+54 9 11 5555-0001', jid(1), '123456789012341@lid'])
    expect((await api.call('GET', `${path}/chats/${encodeURIComponent(id)}`)).body.chatId).toBe(jid(1))
})

test('a chat that is not there is 404, an address that is none 422', async () => {
  expect(await api.call('GET', `${path}/chats/${jid(9)}`)).toMatchObject({
    status: 404,
    body: { code: 'chat.not_found' },
  })
  expect(await api.call('GET', `${path}/chats/nobody`)).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'chatId' }] },
  })
})

test('reading, typing and presence are orders to the session’s owner', async () => {
  await chat(1)
  expect((await api.call('POST', `${path}/chats/${jid(1)}/read`)).status).toBe(202)
  expect((await api.call('PUT', `${path}/chats/${jid(1)}/typing`, { body: { state: 'composing' } })).status).toBe(202)
  expect((await api.call('POST', `${path}/presence/subscribe`, { body: { chatId: jid(1) } })).status).toBe(202)
  expect((await api.call('PUT', `${path}/presence`, { body: { state: 'available' } })).status).toBe(202)
  const waiting = await api.store.commands.waiting(session, 10)
  expect(waiting.map(({ kind, payload, expiresAt }) => [kind, payload, expiresAt !== undefined])).toEqual([
    ['chat.read', { chatId: jid(1) }, false],
    ['chat.typing', { chatId: jid(1), state: 'composing' }, true],
    ['presence.subscribe', { chatId: jid(1) }, true],
    ['presence.set', { state: 'available' }, true],
  ])
})

test.each([
  ['PUT', '/chats/5491155550001/typing', { state: 'yodelling' }, 'state'],
  ['PUT', '/chats/x/typing', { state: 'paused' }, 'chatId'],
  ['PUT', '/presence', { state: 1 }, 'state'],
  ['POST', '/presence/subscribe', { chatId: 'x' }, 'chatId'],
  ['POST', '/chats/5491155550001/read', { all: true }, 'all'],
])('%s %s with bad input is 422 and orders nothing', async (method, at, body, fault) => {
  const answer = await api.call(method, path + at, { body })
  expect([answer.status, answer.body.errors[0].path]).toEqual([422, fault])
  expect(await api.store.commands.waiting(session, 10)).toEqual([])
})

test('contacts come by name and are found by each of their addresses', async () => {
  await api.store.contacts.upsert(session, [jid(2), '123456789012342@lid'], { name: 'Beto' })
  await api.store.contacts.upsert(session, [jid(1)], { notify: 'ana' })
  const list = await api.call('GET', `${path}/contacts?limit=1`)
  expect(list.body.data).toMatchObject([{ contactId: jid(1), notify: 'ana', isGroup: false }])
  const next = await api.call('GET', `${path}/contacts?cursor=${list.body.nextCursor}`)
  expect(next.body).toMatchObject({ data: [{ name: 'Beto', phone: '5491155550002' }], nextCursor: null })
  expect((await api.call('GET', `${path}/contacts/123456789012342@lid`)).body.name).toBe('Beto')
  expect(await api.call('GET', `${path}/contacts/${jid(7)}`)).toMatchObject({
    status: 404,
    body: { code: 'contact.not_found' },
  })
})
