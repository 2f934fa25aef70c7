// Groups over the real wire: a session among pretend phones, with the keys that real groups have.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let api: TestApi
let ana: Phone
let beto: Phone
let others: Phone[]
/** Of fifty; and of six, which costs a phone that writes in it less. */
let large: string
let group: string
beforeAll(async () => {
  world = await openWorld()
  api = await openTestApi({ on: world })
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  others = await Promise.all(Array.from({ length: 48 }, (_, i) => world.phone(`Phone ${i}`)))
  await world.startConnector()
  await world.link('s', ana)
  group = await make('Chico', [ana, ...others.slice(0, 4)])
})
afterAll(async () => {
  await api.close()
  await world.close()
})

/** Beto's phone makes it. */
async function make(subject: string, people: Phone[]): Promise<string> {
  const participants = people.map(({ phone }) => phone)
  const made = await world.door('POST', '/groups', { owner: beto.phone, subject, participants })
  const { id } = made['group'] as { id: string }
  await world.untilEvent('group.updated', (event) => event.data['groupId'] === id)
  return id
}

const ofMessage = (type: Parameters<World['of']>[0], messageId: string) =>
  world.untilEvent(type, (event) => event.data['messageId'] === messageId)
const say = async (phone: Phone, body: object): Promise<string> =>
  String((await world.door('POST', `/phones/${phone.phone}/messages`, { to: group, ...body }))['messageId'])

async function arrived(phone: Phone, messageId: string): Promise<Record<string, unknown> | undefined> {
  const at = `/phones/${phone.phone}/messages?messageId=${messageId}&atLeast=1&wait=60`
  return ((await world.door('GET', at))['data'] as Record<string, unknown>[])[0]
}
const send = async (body: object): Promise<string> => {
  const answer = await api.call('POST', '/v1/sessions/s/messages', { body: { to: group, ...body } })
  if (answer.status !== 202) throw new Error(answer.text)
  return answer.body.messageId
}

test('a group that a phone makes is known with everybody in it, and its chat has its name', async () => {
  large = await make('Sol y Luna', [ana, ...others])
  const row = await world.store.groups.read('s', large)
  expect(row).toMatchObject({ subject: 'Sol y Luna', myRole: 'member', addressing: 'lid' })
  expect(row?.members).toHaveLength(50)
  expect(row?.members).toContainEqual({ lid: beto.lid, phone: beto.phone, role: 'superadmin' })
})

test('text goes both ways', async () => {
  const id = await say(beto, { to: large, text: 'hola a todos' })
  const event = await ofMessage('message.received', id)
  expect(event.data).toMatchObject({ chatId: large, text: 'hola a todos', from: beto.lid })
  const ours = await world.post('s', beto, 'hola Beto', { to: large })
  await ofMessage('message.sent', ours)
  for (const phone of [beto, ...others])
    expect(await arrived(phone, ours)).toMatchObject({ text: 'hola Beto', group: large, from: ana.phone })
  // Two ticks when everybody has it.
  const { recipients } = (await ofMessage('message.delivered', ours)).data
  expect(recipients).toEqual({ total: 49, delivered: 49, read: 0, played: 0 })
})

test('quotes, edits, reactions, revokes, polls and locations go both ways', async () => {
  const [eva] = others as [Phone]
  const asked = await say(beto, { text: 'who comes?' })
  await ofMessage('message.received', asked)
  const answer = await send({ type: 'text', text: 'we do', quotedMessageId: asked })
  expect(await arrived(eva, answer)).toMatchObject({ quotedMessageId: asked })
  const back = await say(eva, { text: 'me too', quotedMessageId: answer })
  expect((await ofMessage('message.received', back)).data).toMatchObject({ from: eva.lid, quotedMessageId: answer })

  await say(eva, { edit: { messageId: back, text: 'me three' } })
  expect((await ofMessage('message.edited', back)).data).toMatchObject({ text: 'me three' })
  await say(beto, { reaction: { messageId: back, emoji: '👍' } })
  expect((await ofMessage('message.reaction', back)).data['reaction']).toMatchObject({ sender: beto.lid, emoji: '👍' })
  await say(eva, { revoke: { messageId: back } })
  await ofMessage('message.revoked', back)

  const messages = '/v1/sessions/s/messages'
  await api.call('PUT', `${messages}/${asked}/reaction?wait=30`, { body: { emoji: '🎉' } })
  await api.call('PATCH', `${messages}/${answer}?wait=30`, { body: { text: 'we do not' } })
  await api.call('DELETE', `${messages}/${answer}?wait=30`)
  await world.until('seen', () => world.of('message.revoked').some(({ data }) => data['messageId'] === answer))
  const seen = async () => (await world.inbox(beto)).filter((row) => row.targetId === asked || row.targetId === answer)
  // The phone has it a moment after WhatsApp has taken it.
  await expect
    .poll(async () => (await seen()).map(({ kind, text }) => [kind, text]))
    .toEqual([
      ['reaction', '🎉'],
      ['edit', 'we do not'],
      ['revoke', ''],
    ])

  const location = { latitude: -34.6, longitude: -58.4, name: 'Obelisco' }
  const poll = { question: 'Lunch?', options: ['pizza', 'sushi'], selectable: 1 }
  for (const body of [{ location }, { poll }])
    expect((await ofMessage('message.received', await say(eva, body))).data).toMatchObject(body)
  for (const body of [
    { type: 'location', location },
    { type: 'poll', poll },
  ])
    expect((await arrived(eva, await send(body)))?.['kind']).toBe(body.type)
})

test('a message is read when everybody has read it, and who has is told', async () => {
  const id = await send({ to: large, type: 'text', text: 'read me' })
  await ofMessage('message.delivered', id)
  for (const phone of others) await world.door('POST', `/phones/${phone.phone}/read`, { messageIds: [id] })
  const read = async () => (await api.call('GET', `/v1/sessions/s/messages/${id}`)).body
  await world.door('GET', `/phones/${ana.phone}`)
  expect(world.of('message.read').some(({ data }) => data['messageId'] === id)).toBe(false)
  await world.door('POST', `/phones/${beto.phone}/read`, { messageIds: [id] })
  await ofMessage('message.read', id)
  const { recipients, receipts, status } = await read()
  expect({ recipients, status }).toEqual({
    recipients: { total: 49, delivered: 49, read: 49, played: 0 },
    status: 'read',
  })
  const byBeto = { lid: beto.lid, phone: beto.phone, delivered: expect.any(String), read: expect.any(String) }
  expect(receipts).toContainEqual(byBeto)
})

test('an admin takes back what another wrote; who is none does not', async () => {
  const [eva, leo] = others as [Phone, Phone]
  const id = await say(eva, { text: 'rude' })
  await ofMessage('message.received', id)
  await arrived(leo, id)
  await arrived(beto, id)
  await say(leo, { revoke: { messageId: id } })
  const after = await say(leo, { text: 'was it taken?' })
  await ofMessage('message.received', after)
  const [before] = await world.store.messages.find('s', id)
  expect(before, 'a member is no admin').toMatchObject({ text: 'rude' })
  await say(beto, { revoke: { messageId: id } })
  await ofMessage('message.revoked', id)
  const [row] = await world.store.messages.find('s', id)
  expect(row?.text).toBeUndefined()
  const refused = await api.call('DELETE', `/v1/sessions/s/messages/${after}`)
  expect(refused).toMatchObject({ status: 403, body: { code: 'group.not_admin' } })
})

test('mentions name people by both addresses; who is outside cannot be named, and no crowd is stored', async () => {
  const eva = others[2] as Phone
  const named = await say(beto, { text: 'hola @Eva', mentions: [eva.phone] })
  const { mentions, people } = (await ofMessage('message.received', named)).data
  expect(mentions).toEqual([eva.lid])
  expect(people).toContainEqual({ jid: eva.lid, lid: eva.lid, phone: eva.phone })

  const id = await send({ type: 'text', text: `hola @${eva.phone}`, mentions: [eva.phone] })
  const seen = await arrived(eva, id)
  expect(seen).toMatchObject({ text: `hola @${eva.lid.split('@')[0]}`, context: { mentions: [eva.lid] } })
  const outside = await api.call('POST', '/v1/sessions/s/messages', {
    body: { to: group, type: 'text', text: 'hola', mentions: [eva.phone, '34600000001'] },
  })
  expect(outside).toMatchObject({
    status: 422,
    body: { code: 'message.mention_outside', errors: [{ path: 'mentions.1' }] },
  })

  const crowd = await say(beto, { text: 'all', mentions: Array.from({ length: 10_000 }, () => eva.phone) })
  const { data } = await ofMessage('message.received', crowd)
  expect((data['mentions'] as string[]).length).toBeLessThan(2_000)
})

const path = '/v1/sessions/s/groups'
const call = (method: string, at: string, body?: object) =>
  api.call(method, `${path}${at}${method === 'GET' ? '' : '?wait=30'}`, body ? { body } : {})

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

test('ignoreGroups takes effect at once, in both directions, without a new connection', async () => {
  const connects = world.of('session.connected').length
  const set = (ignoreGroups: boolean) => api.call('PATCH', '/v1/sessions/s', { body: { settings: { ignoreGroups } } })
  /** Whether what is said in the group is heard; what is said to us after it always is. */
  async function isHeard(text: string): Promise<boolean> {
    const inGroup = await say(beto, { text })
    await ofMessage('message.received', await say(beto, { to: ana.phone, text: `after ${text}` }))
    return world.of('message.received').some(({ data }) => data['messageId'] === inGroup)
  }
  async function become(heard: boolean, word: string): Promise<void> {
    for (let i = 1; i <= 50; i += 1) if ((await isHeard(`${word} ${i}`)) === heard) return
    throw new Error(`never ${word}`)
  }
  expect(await isHeard('before')).toBe(true)
  await set(true)
  await become(false, 'ignored')
  await set(false)
  await become(true, 'heard again')
  expect(world.of('session.connected')).toHaveLength(connects)
})
