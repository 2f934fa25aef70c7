// Groups over the real wire: a session among pretend phones, with the keys that real groups have.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let api: TestApi
let ana: Phone
let beto: Phone
let others: Phone[]
let group: string
beforeAll(async () => {
  world = await openWorld()
  api = await openTestApi({ on: world })
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  others = await Promise.all(Array.from({ length: 8 }, (_, i) => world.phone(`Phone ${i}`)))
  await world.startConnector()
  await world.link('s', ana)
}, 60_000)
afterAll(async () => {
  await api.close()
  await world.close()
})

const ofMessage = (type: Parameters<World['of']>[0], messageId: string) =>
  world.untilEvent(type, (event) => event.data['messageId'] === messageId)
const say = async (phone: Phone, body: object): Promise<string> =>
  String((await world.door('POST', `/phones/${phone.phone}/messages`, { to: group, ...body }))['messageId'])

test('a group that a phone makes is known with everybody in it, and its chat has its name', async () => {
  const made = await world.door('POST', '/groups', {
    owner: beto.phone,
    subject: 'Sol y Luna',
    participants: [ana, ...others].map(({ phone }) => phone),
  })
  group = (made['group'] as { id: string }).id
  await world.untilEvent('group.updated', (event) => event.data['groupId'] === group)
  const row = await world.store.groups.read('s', group)
  expect(row).toMatchObject({ subject: 'Sol y Luna', myRole: 'member', addressing: 'lid' })
  expect(row?.members).toHaveLength(10)
  expect(row?.members).toContainEqual({ lid: beto.lid, phone: beto.phone, role: 'superadmin' })
})

test('text goes both ways', async () => {
  const id = await say(beto, { text: 'hola a todos' })
  const event = await ofMessage('message.received', id)
  expect(event.data).toMatchObject({ chatId: group, text: 'hola a todos', from: beto.lid })
  const ours = await world.post('s', beto, 'hola Beto', { to: group })
  await ofMessage('message.sent', ours)
  for (const phone of [beto, ...others]) {
    const inbox = (await world.door(
      'GET',
      `/phones/${phone.phone}/messages?messageId=${ours}&atLeast=1&wait=20`,
    )) as unknown as { data: object[] }
    expect(inbox.data).toMatchObject([{ text: 'hola Beto', group, from: ana.phone }])
  }
})

const path = '/v1/sessions/s/groups'
const call = (method: string, at: string, body?: object) =>
  api.call(method, `${path}${at}${method === 'GET' ? '' : '?wait=20'}`, body ? { body } : {})

test('a group of ours: made, changed, people in and out, each with what became of them', async () => {
  const [first, second, shy, late] = others as [Phone, Phone, Phone, Phone]
  await world.door('PUT', `/phones/${shy.phone}/group-add`, { allowed: false })
  const made = await call('POST', '', {
    subject: 'Nuestro',
    participants: [beto, first, shy].map(({ phone }) => `+${phone}`),
  })
  expect(made).toMatchObject({ status: 201, body: { status: 'done', result: { subject: 'Nuestro' } } })
  const { groupId, participants } = made.body.result
  expect(participants).toContainEqual({ lid: beto.lid, phone: beto.phone, outcome: 'added' })
  expect(participants).toContainEqual(
    expect.objectContaining({ phone: shy.phone, outcome: 'invited', inviteCode: expect.any(String) }),
  )
  await world.untilEvent('group.updated', (event) => event.data['groupId'] === groupId)
  expect((await call('GET', `/${groupId}`)).body).toMatchObject({ subject: 'Nuestro', myRole: 'superadmin', size: 3 })

  const change = {
    subject: 'Nuestro II',
    description: 'de todos',
    announce: true,
    locked: true,
    ephemeralSeconds: 86_400,
  }
  const more = { memberAddMode: 'admin_add', joinApproval: true }
  expect((await call('PATCH', `/${groupId}`, { ...change, ...more })).status).toBe(200)
  await world.untilEvent('group.updated', ({ data }) => data['groupId'] === groupId && data['joinApproval'] === true)
  expect((await call('GET', `/${groupId}`)).body).toMatchObject({ ...change, ...more })

  const added = await call('POST', `/${groupId}/participants`, {
    action: 'add',
    participants: [second.phone, first.phone, shy.phone, '34600000001'],
  })
  expect(added.body.result.participants.map((one: { outcome: string }) => one.outcome)).toEqual([
    'added',
    'already',
    'invited',
    'not_on_whatsapp',
  ])
  const told = await world.untilEvent('group.participants', ({ data }) => data['groupId'] === groupId)
  expect(told.data).toMatchObject({
    action: 'add',
    participants: [{ lid: second.lid, phone: second.phone, role: 'member' }],
    by: { lid: ana.lid, phone: ana.phone, isMe: true },
  })
  for (const [action, outcome] of [
    ['promote', 'promoted'],
    ['demote', 'demoted'],
    ['remove', 'removed'],
  ]) {
    const answer = await call('POST', `/${groupId}/participants`, { action, participants: [first.lid] })
    expect(answer.body.result.participants).toEqual([{ lid: first.lid, phone: first.phone, outcome }])
    await world.untilEvent('group.participants', ({ data }) => data['groupId'] === groupId && data['action'] === action)
  }

  const { body: invite } = await call('GET', `/${groupId}/invite`)
  await world.door('POST', '/groups/join', { phone: late.phone, code: invite.code })
  await world.untilEvent('group.join_request', ({ data }) => data['action'] === 'created')
  const waiting = await call('GET', `/${groupId}/requests`)
  expect(waiting.body.data).toMatchObject([{ lid: late.lid, phone: late.phone, method: 'invite_link' }])
  const decided = await call('POST', `/${groupId}/requests`, { action: 'approve', participants: [late.phone] })
  expect(decided.body.result.participants).toMatchObject([{ phone: late.phone, outcome: 'approved' }])
  const renewed = await call('DELETE', `/${groupId}/invite`, {})
  expect(renewed.body.result.code).not.toBe(invite.code)

  expect((await call('POST', `/${groupId}/leave`, {})).status).toBe(200)
  await world.untilEvent('group.participants', ({ data }) =>
    (data['participants'] as { lid?: string }[]).some(({ lid }) => lid === ana.lid),
  )
  expect((await call('GET', `/${groupId}`)).body).toMatchObject({ myRole: null })
  expect((await call('DELETE', `/${groupId}`, {})).status).toBe(200)
  expect(await call('GET', `/${groupId}`)).toMatchObject({ status: 404, body: { code: 'group.not_found' } })
  const lines = await world.store.messages.page('s', groupId, { limit: 50 })
  expect(lines.data.filter(({ type }) => type === 'system').map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(['group.create', 'group.subject', 'group.add', 'group.promote', 'group.leave']),
  )
  const chat = await world.store.chats.resolve('s', [groupId])
  expect(chat, 'lines about the group are nothing to read').toMatchObject({ unreadCount: 0, name: 'Nuestro II' })
})

test('into a group by its invite; what only admins may is refused', async () => {
  const made = await world.door('POST', '/groups', { owner: beto.phone, subject: 'Abierto' })
  const { id, inviteCode } = made['group'] as { id: string; inviteCode: string }
  const joined = await call('POST', '/join', { code: `https://chat.whatsapp.com/${inviteCode}` })
  expect(joined.body.result).toEqual({ groupId: id, outcome: 'joined' })
  await world.untilEvent('group.updated', ({ data }) => data['groupId'] === id)
  expect(await call('GET', `/${id}/invite`)).toMatchObject({ status: 403, body: { code: 'group.not_admin' } })
  expect(await call('POST', '/join', { code: 'x'.repeat(22) })).toMatchObject({
    status: 404,
    body: { code: 'group.invite_invalid' },
  })
})
