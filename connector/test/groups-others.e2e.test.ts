// What others do in groups and to chats, what we may do as an admin and may not as a member, and what nobody should send.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let api: TestApi
let ana: Phone
let beto: Phone
let eva: Phone
let leo: Phone
let group: string
beforeAll(async () => {
  world = await openWorld()
  api = await openTestApi({ on: world })
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  ;[eva, leo] = [await world.phone('Eva'), await world.phone('Leo')]
  await world.startConnector()
  await world.link('s', ana)
  group = await make('Los cuatro', [ana, eva, leo])
})
afterAll(async () => {
  await api.close()
  await world.close()
})

type Data = Record<string, any>

/** Beto's phone makes it. */
async function make(subject: string, people: Phone[]): Promise<string> {
  const participants = people.map(({ phone }) => phone)
  const made = await world.door('POST', '/groups', { owner: beto.phone, subject, participants })
  const { id } = made['group'] as { id: string }
  await world.untilEvent('group.updated', (event) => event.data['groupId'] === id)
  return id
}
const say = async (from: Phone, body: object): Promise<string> =>
  String((await world.door('POST', `/phones/${from.phone}/messages`, { to: group, ...body }))['messageId'])
const told = async (type: Parameters<World['of']>[0], messageId: string) =>
  (await world.untilEvent(type, (event) => event.data['messageId'] === messageId)).data as Data
/** A plain text, which must arrive. */
const stillHears = async (from = beto) => told('message.received', await say(from, { text: 'still there?' }))
const call = (method: string, path: string, body?: object) =>
  api.call(method, `/v1/sessions/s${path}${method === 'GET' ? '' : '?wait=30'}`, body ? { body } : {})
const read = async () => (await call('GET', `/groups/${group}`)).body as Data
const server = () => world.door('GET', `/groups/${group}`)
/** The server tells Ana's companions something about the group, in Beto's name. */
const announce = (change: object) =>
  world.door('POST', `/phones/${ana.phone}/stanzas`, {
    tag: 'notification',
    attrs: {
      from: group,
      type: 'w:gp2',
      id: Math.random().toString(36).slice(2).toUpperCase(),
      t: String(Math.floor(Date.now() / 1000)),
      participant: beto.lid,
      participant_pn: `${beto.phone}@s.whatsapp.net`,
      addressing_mode: 'lid',
    },
    content: [change],
  })

test.each([
  ['subject', 'Los cinco'],
  ['description', 'de todos'],
  ['description', ''],
  ['announce', true],
  ['announce', false],
  ['locked', true],
  ['locked', false],
  ['ephemeralSeconds', 604_800],
  ['ephemeralSeconds', 0],
  ['memberAddMode', 'admin_add'],
  ['memberAddMode', 'all_member_add'],
  ['joinApproval', true],
  ['joinApproval', false],
])('another changes %s to %s: row, event and who did it', async (name, value) => {
  await world.door('PATCH', `/groups/${group}`, { by: beto.phone, [name]: value })
  const { data } = await world.untilEvent(
    'group.updated',
    ({ data: one }) => one['by'] !== undefined && (one['changed'] as string[]).includes(name) && one[name] === value,
  )
  expect(data).toMatchObject({ groupId: group, by: { lid: beto.lid, phone: beto.phone } })
  expect((await read())[name]).toBe(value)
  if (name !== 'ephemeralSeconds') return
  const sent = await call('POST', '/messages', { type: 'text', to: group, text: 'as the group has it' })
  const row = await call('GET', `/messages/${String((sent.body as Data)['messageId'])}`)
  expect((row.body as Data)['ephemeralSeconds']).toBe(value || undefined)
})

test('another leaves', async () => {
  await world.door('POST', `/groups/${group}/leave`, { phone: leo.phone })
  const { data } = await world.untilEvent('group.participants', (event) => event.data['groupId'] === group)
  const person = { lid: leo.lid, phone: leo.phone }
  expect(data).toMatchObject({ action: 'remove', participants: [person], by: person, size: 3 })
  expect((await read())['participants']).toHaveLength(3)
  await world.door('POST', `/groups/${group}/participants`, {
    by: beto.phone,
    action: 'add',
    participants: [leo.phone],
  })
  await world.untilEvent('group.participants', (event) => event.data['action'] === 'add')
})

test.each([
  ['promote', 'admin'],
  ['demote', 'member'],
  ['remove', 'member'],
])('another does this to somebody: %s', async (action, role) => {
  const by = { lid: beto.lid, phone: beto.phone }
  await world.door('POST', `/groups/${group}/participants`, { by: beto.phone, action, participants: [leo.phone] })
  const { data } = await world.untilEvent('group.participants', ({ data: one }) => {
    const [first] = one['participants'] as Data[]
    return one['action'] === action && first?.['lid'] === leo.lid && (one['by'] as Data)['lid'] === beto.lid
  })
  expect(data).toMatchObject({ participants: [{ lid: leo.lid, phone: leo.phone, role }], by })
})

test('another comes by the invite', async () => {
  const { inviteCode } = await server()
  await world.door('POST', '/groups/join', { phone: leo.phone, code: inviteCode })
  const joined = () =>
    world.of('group.participants').filter(({ data }) => data['action'] === 'add' && data['groupId'] === group)
  const event = await world.until('the second time', () => joined()[1])
  expect(event.data).toMatchObject({ participants: [{ lid: leo.lid, phone: leo.phone, role: 'member' }], size: 4 })
})

test('as a member we may not act as an admin: refused with a code, and nothing has changed anywhere', async () => {
  const before = await server()
  const rude = await say(eva, { text: 'rude' })
  await told('message.received', rude)
  const participants = [eva.phone]
  const tries: [string, string, object?][] = [
    ['PATCH', `/groups/${group}`, { announce: true }],
    ['PATCH', `/groups/${group}`, { joinApproval: true }],
    ['POST', `/groups/${group}/participants`, { action: 'remove', participants }],
    ['POST', `/groups/${group}/participants`, { action: 'promote', participants }],
    ['GET', `/groups/${group}/invite`],
    ['DELETE', `/messages/${rude}`],
  ]
  for (const [method, path, body] of tries)
    expect(await call(method, path, body), `${method} ${path}`).toMatchObject({
      status: 403,
      body: { code: 'group.not_admin' },
    })
  expect(await server()).toEqual(before)
})

test('an admin that has just been made a member is refused by WhatsApp, with the same code', async () => {
  const ours = await make('Nuestro', [ana, eva])
  const set = (action: string) =>
    world.door('POST', `/groups/${ours}/participants`, { by: beto.phone, action, participants: [ana.phone] })
  await set('promote')
  await world.untilEvent('group.participants', ({ data }) => data['groupId'] === ours && data['action'] === 'promote')
  // WhatsApp's word of it is late.
  await world.door('POST', '/faults', { kind: 'delay', phone: ana.phone, ms: 700 })
  await set('demote')
  const answer = await api.call('PATCH', `/v1/sessions/s/groups/${ours}?wait=30`, { body: { announce: true } })
  await world.door('DELETE', '/faults')
  expect(answer).toMatchObject({ status: 403, body: { code: 'group.not_admin' } })
  expect(await world.door('GET', `/groups/${ours}`)).toMatchObject({ announce: false })
})

test('as an admin we take back what another wrote: gone on every phone and here', async () => {
  await world.door('POST', `/groups/${group}/participants`, {
    by: beto.phone,
    action: 'promote',
    participants: [ana.phone],
  })
  await world.untilEvent('group.participants', ({ data }) => data['groupId'] === group && data['action'] === 'promote')
  const rude = await say(eva, { text: 'rude again' })
  await told('message.received', rude)
  const answer = await call('DELETE', `/messages/${rude}`)
  expect(answer.status, answer.text).toBe(200)
  expect(await told('message.revoked', rude)).toMatchObject({ chatId: group, from: eva.lid })
  for (const phone of [beto, eva, leo]) {
    // It has others from Ana, and this one a moment after WhatsApp has taken it.
    const at = `/phones/${phone.phone}/messages?from=${ana.phone}`
    await expect
      .poll(async () => ((await world.door('GET', at))['data'] as Data[]).at(-1))
      .toMatchObject({ kind: 'revoke', targetId: rude, group })
  }
  const [row] = await world.store.messages.find('s', rude)
  expect(row).toMatchObject({ sender: eva.lid, revokedAt: expect.any(Date) })
  expect(row).not.toHaveProperty('text')
})

test('who does not let others add them is invited instead, and is in no group', async () => {
  const shy = await world.phone('Shy')
  await world.door('PUT', `/phones/${shy.phone}/group-add`, { allowed: false })
  const answer = await call('POST', `/groups/${group}/participants`, { action: 'add', participants: [shy.phone] })
  expect(answer.body.result.participants).toMatchObject([
    {
      phone: shy.phone,
      outcome: 'invited',
      inviteCode: expect.any(String),
      inviteExpiresAt: expect.any(String),
    },
  ])
  expect((await server())['members']).not.toContainEqual(expect.objectContaining({ phone: shy.phone }))
  expect((await read())['participants']).toHaveLength(4)
})

test('who is outside is named by another all the same, and is not by us', async () => {
  const outside = await world.phone('Outside')
  const named = await told('message.received', await say(eva, { text: 'ask @Outside', mentions: [outside.phone] }))
  expect(named['mentions']).toEqual([outside.lid])
  const body = { to: group, type: 'text', text: 'hola', mentions: [outside.phone] }
  expect(await call('POST', '/messages', body)).toMatchObject({
    status: 422,
    body: { code: 'message.mention_outside' },
  })
})

test('a subject without end is cut where it comes in, and refused where it goes out', async () => {
  expect(await call('PATCH', `/groups/${group}`, { subject: 'x'.repeat(101) })).toMatchObject({ status: 422 })
  await announce({ tag: 'subject', attrs: { subject: `\u0000${'x'.repeat(1_000_000)}`, s_t: '1' } })
  const { data } = await world.untilEvent('group.updated', ({ data: one }) => String(one['subject']).startsWith('xx'))
  expect(String(data['subject'])).toHaveLength(100)
  await announce({ tag: 'description', attrs: { id: 'A' }, content: [{ tag: 'body', content: 'y'.repeat(1_000_000) }] })
  await world.untilEvent('group.updated', ({ data: one }) => String(one['description']).startsWith('yy'))
  expect((await read())['description']).toHaveLength(2_048)
  await stillHears()
})

test('ten thousand people at once are as many as a group may have, and the session lives on', async () => {
  const participants = Array.from({ length: 10_000 }, (_, i) => ({
    tag: 'participant',
    attrs: { jid: `${200_000_000_000_000 + i}@lid`, phone_number: `${5_491_100_000_000 + i}@s.whatsapp.net` },
  }))
  await announce({ tag: 'add', content: participants })
  await world.untilEvent('group.participants', ({ data }) => Number(data['size']) > 1_000)
  const row = await world.store.groups.read('s', group)
  expect(row?.members).toHaveLength(5_000)
  const lines = (await world.store.messages.page('s', group, { limit: 5 })).data
  const line = lines.find(({ kind }) => kind === 'group.add')
  expect((line?.system?.people ?? []).length).toBeLessThanOrEqual(100)
  for (const event of world.of('group.participants')) expect(JSON.stringify(event.data).length).toBeLessThan(64 * 1024)
  await stillHears()
  expect(world.of('session.disconnected')).toEqual([])
})

test('how long messages last in a chat of two, set by the other side and by our own phone', async () => {
  const text = await say(beto, { to: ana.phone, text: 'hola' })
  const { chatId } = await told('message.received', text)
  const set = async (from: Phone, to: Phone, seconds: number) => {
    await world.door('POST', `/phones/${from.phone}/messages`, {
      to: to.phone,
      message: { protocolMessage: { type: 3, ephemeralExpiration: seconds } },
    })
    await world.untilEvent(
      'chat.updated',
      ({ data }) => data['chatId'] === chatId && data['ephemeralSeconds'] === seconds,
    )
    expect((await call('GET', `/chats/${beto.phone}`)).body).toMatchObject({ chatId, ephemeralSeconds: seconds })
  }
  await set(beto, ana, 604_800)
  await set(ana, beto, 86_400)
  await set(beto, ana, 0)
  expect(world.of('chat.updated').filter(({ data }) => data['chatId'] === chatId)).toHaveLength(3)
})

test('a message to a group that is none, or not ours, fails at once and says so', async () => {
  const answer = await call('POST', '/messages', { type: 'text', to: '120363000000000000@g.us', text: 'anybody?' })
  expect(answer).toMatchObject({ status: 404, body: { code: 'group.not_found' } })
  const { data } = await world.untilEvent('message.failed')
  expect(data).toMatchObject({ messageId: (answer.body as Data)['messageId'], error: { code: 'group.not_found' } })
})
