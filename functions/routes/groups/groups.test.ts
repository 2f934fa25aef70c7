import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../scripts/testing/api.ts'
import type { GroupRole } from '../../../shared/model/group.ts'
import { toMessageKey } from '../../../shared/model/message.ts'

let api: TestApi
let session: string
let path: string
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  session = await api.createSession()
  path = `/v1/sessions/${session}/groups`
})

const id = (n: number) => `12036300000000000${n}@g.us`
const phone = (n: number) => `549115555000${n}`

async function group(n: number, myRole: GroupRole | null, more: object = {}) {
  await api.store.groups.put({
    sessionId: session,
    groupId: id(n),
    subject: `Group ${n}`,
    description: '',
    announce: false,
    locked: false,
    ephemeralSeconds: 0,
    memberAddMode: 'admin_add',
    joinApproval: false,
    addressing: 'lid',
    members: [
      { phone: phone(1), role: myRole ?? 'member', isMe: true },
      { phone: phone(2), lid: '2@lid', role: 'member' },
    ],
    myRole,
    revision: 0,
    ...more,
  })
}
const orders = async () => (await api.store.commands.waiting(session, 10)).map(({ kind, payload }) => [kind, payload])

test('groups come by subject, page by page, and one by one with everybody in them', async () => {
  for (const n of [2, 1, 3]) await group(n, 'member')
  const first = await api.call('GET', `${path}?limit=2`)
  expect(first.body.data).toMatchObject([
    { groupId: id(1), size: 2 },
    { groupId: id(2), myRole: 'member' },
  ])
  expect(first.body.data[0]).not.toHaveProperty('participants')
  expect((await api.call('GET', `${path}?cursor=${first.body.nextCursor}`)).body).toMatchObject({
    data: [{ groupId: id(3) }],
    nextCursor: null,
  })
  expect((await api.call('GET', `${path}/${id(1)}`)).body.participants).toContainEqual({
    phone: phone(2),
    lid: '2@lid',
    role: 'member',
  })
})

test('what is done to a group is an order to the session’s owner', async () => {
  await group(1, 'admin')
  expect((await api.call('POST', path, { body: { subject: ' New ', participants: [phone(2)] } })).status).toBe(202)
  expect((await api.call('PATCH', `${path}/${id(1)}`, { body: { announce: true } })).status).toBe(202)
  const add = { action: 'add', participants: [`+${phone(2)}`, phone(2), '2@lid'] }
  expect((await api.call('POST', `${path}/${id(1)}/participants`, { body: add })).status).toBe(202)
  expect(
    (await api.call('POST', `${path}/join`, { body: { code: 'https://chat.whatsapp.com/abcdefghijkl' } })).status,
  ).toBe(202)
  const jid = `${phone(2)}@s.whatsapp.net`
  expect(await orders()).toEqual([
    ['group.create', { subject: 'New', participants: [jid] }],
    ['group.update', { groupId: id(1), settings: { announce: true } }],
    ['group.participants', { groupId: id(1), action: 'add', participants: [jid, '2@lid'] }],
    ['group.join', { code: 'abcdefghijkl' }],
  ])
})

test.each([
  ['POST', '', { subject: ' ' }, 'subject'],
  ['POST', '', { subject: 'x'.repeat(101) }, 'subject'],
  ['POST', '', { subject: 'two\u0000parts' }, 'subject'],
  ['POST', '', { subject: 'x', participants: ['nobody'] }, 'participants.0'],
  ['POST', '', { subject: 'x', participants: [id(2)] }, 'participants.0'],
  ['PATCH', `/${id(1)}`, {}, ''],
  ['PATCH', `/${id(1)}`, { ephemeralSeconds: 5 }, 'ephemeralSeconds'],
  ['PATCH', `/${id(1)}`, { picture: 'x' }, 'picture'],
  ['POST', `/${id(1)}/participants`, { action: 'praise', participants: [phone(2)] }, 'action'],
  ['POST', `/${id(1)}/participants`, { action: 'add', participants: [] }, 'participants'],
  ['POST', `/${id(1)}/requests`, { action: 'approve', participants: ['x'] }, 'participants.0'],
  ['POST', '/join', { code: 'https://evil.example/abcdefghijkl' }, 'code'],
  ['POST', `/${phone(2)}/leave`, {}, 'groupId'],
])('%s groups%s with bad input is 422 and orders nothing', async (method, at, body, fault) => {
  await group(1, 'admin')
  const answer = await api.call(method, path + at, { body })
  expect([answer.status, answer.body.errors[0].path]).toEqual([422, fault])
  expect(await orders()).toEqual([])
})

test.each([
  ['PATCH', '', { announce: true }],
  ['PATCH', '', { subject: 'x' }],
  ['POST', '/participants', { action: 'remove', participants: [phone(2)] }],
  ['POST', '/requests', { action: 'approve', participants: [phone(2)] }],
  ['DELETE', '/invite', {}],
  ['GET', '/invite', undefined],
])('%s …%s by a member of a locked group is refused', async (method, at, body) => {
  await group(1, 'member', { locked: true })
  const answer = await api.call(method, `${path}/${id(1)}${at}`, body ? { body } : {})
  expect(answer).toMatchObject({ status: 403, body: { code: 'group.not_admin' } })
  expect(await orders()).toEqual([])
})

test('a member may change the subject where it is not locked, and add where everybody may', async () => {
  await group(1, 'member', { memberAddMode: 'all_member_add' })
  expect((await api.call('PATCH', `${path}/${id(1)}`, { body: { subject: 'x' } })).status).toBe(202)
  const add = { action: 'add', participants: [phone(3)] }
  expect((await api.call('POST', `${path}/${id(1)}/participants`, { body: add })).status).toBe(202)
})

test('a group that is not there, or that we are in no more, is not found', async () => {
  await group(1, null)
  for (const at of [`/${id(1)}/leave`, `/${id(9)}/leave`])
    expect(await api.call('POST', path + at)).toMatchObject({ status: 404, body: { code: 'group.not_found' } })
  expect((await api.call('GET', `${path}/${id(1)}`)).body.myRole).toBeNull()
  expect((await api.call('GET', `${path}/${id(9)}`)).status).toBe(404)
  expect(await orders()).toEqual([])
})

test('messages: only admins write where only admins may, nobody where we are no more, and nobody outside is named', async () => {
  const send = (n: number, more: object = {}) =>
    api.call('POST', `/v1/sessions/${session}/messages`, { body: { to: id(n), type: 'text', text: 'x', ...more } })
  await group(1, 'member', { announce: true })
  await group(2, null)
  await group(3, 'member')
  expect(await send(1)).toMatchObject({ status: 403, body: { code: 'group.not_admin' } })
  expect(await send(2)).toMatchObject({ status: 404, body: { code: 'group.not_found' } })
  expect(await send(3, { mentions: [phone(2), phone(7)] })).toMatchObject({
    status: 422,
    body: { code: 'message.mention_outside', errors: [{ path: 'mentions.1' }] },
  })
  expect(await orders()).toEqual([])
  expect((await send(3, { mentions: ['2@lid', phone(2)] })).status).toBe(202)
})

test('a key without groups sees none and changes none', async () => {
  await group(1, 'admin')
  const { key } = await api.createKey({ scopes: ['groups.read', 'sessions.read'] })
  expect((await api.call('GET', `${path}/${id(1)}`, { key })).status).toBe(200)
  expect(await api.call('POST', `${path}/${id(1)}/leave`, { key })).toMatchObject({
    status: 403,
    body: { code: 'auth.forbidden' },
  })
  const other = await api.createKey({ scopes: ['messages.*', 'sessions.read'] })
  expect((await api.call('GET', path, { key: other.key })).status).toBe(403)
})

test('receipts of a group name people by both of their addresses, as the group does', async () => {
  await group(1, 'member')
  const row = { sessionId: session, chatId: id(1), messageId: 'OURS', sender: 'me', fromMe: true, type: 'text' }
  const at = new Date()
  await api.store.messages.insert([
    {
      ...row,
      _id: toMessageKey(session, id(1), 'me', 'OURS'),
      receipts: { l2: { delivered: at } },
      timestamp: at,
      statusTimes: {},
      reactions: [],
      createdAt: at,
    },
  ])
  const { body } = await api.call('GET', `/v1/sessions/${session}/messages/OURS`)
  expect(body.receipts).toMatchObject([{ lid: '2@lid', phone: phone(2) }])
})
