// A group of people whom WhatsApp names by LID, by number, or by both: each is one person, and once both addresses are
// known, in whatever way, both are shown in the group, its messages, mentions, reactions and receipts.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let api: TestApi
let ana: Phone
let beto: Phone
/** Named by LID alone, by number alone. */
let lida: Phone
let numa: Phone
let group: string
beforeAll(async () => {
  world = await openWorld()
  api = await openTestApi({ on: world })
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  ;[lida, numa] = [await world.phone('Lida'), await world.phone('Numa')]
  await showAs(lida, 'lid')
  await showAs(numa, 'pn')
  await world.startConnector()
  await world.link('s', ana)
  const participants = [ana, lida, numa].map(({ phone }) => phone)
  const made = await world.door('POST', '/groups', { owner: beto.phone, subject: 'Mixto', participants })
  group = (made['group'] as { id: string }).id
  await world.untilEvent('group.updated', (event) => event.data['groupId'] === group)
})
afterAll(async () => {
  await api.close()
  await world.close()
})

type Data = Record<string, any>
const showAs = (phone: Phone, as: string) => world.door('PUT', `/phones/${phone.phone}/shown-as`, { as })
const both = ({ lid, phone }: Phone) => expect.objectContaining({ lid, phone })
const get = async (path: string) => (await api.call('GET', `/v1/sessions/s/${path}`)).body as Data
const say = async (from: Phone, body: object): Promise<string> =>
  String((await world.door('POST', `/phones/${from.phone}/messages`, { to: group, ...body }))['messageId'])
const told = async (type: Parameters<World['of']>[0], messageId: string) =>
  (await world.untilEvent(type, (event) => event.data['messageId'] === messageId)).data as Data

let fromLida: string
let fromNuma: string

test('before anything else is known each is who WhatsApp says', async () => {
  const { participants } = await get(`groups/${group}`)
  expect(participants).toContainEqual({ lid: lida.lid, role: 'member' })
  expect(participants).toContainEqual({ phone: numa.phone, role: 'member' })
  expect(participants).toContainEqual({ lid: beto.lid, phone: beto.phone, role: 'superadmin' })
  fromLida = await say(lida, { text: 'I am Lida', mentions: [beto.phone] })
  const first = await told('message.received', fromLida)
  expect(first).toMatchObject({ from: lida.lid, mentions: [beto.lid] })
  expect(first['people']).toContainEqual({ jid: lida.lid, lid: lida.lid })
  expect(first['people']).toContainEqual(both(beto))
  fromNuma = await say(numa, { text: 'I am Numa' })
  const second = await told('message.received', fromNuma)
  // Baileys asks for the LID of whom it knows by number alone.
  expect(second['people']).toContainEqual(both(numa))
  await say(numa, { reaction: { messageId: fromLida, emoji: '!' } })
  expect((await told('message.reaction', fromLida))['reaction']).toMatchObject({ emoji: '!' })
})

test('once WhatsApp tells both, both are shown everywhere, also in what came before', async () => {
  await showAs(lida, 'both')
  await showAs(numa, 'both')
  for (const one of [lida, numa]) {
    const data = await told('message.received', await say(one, { text: 'by both', mentions: [lida.phone, numa.phone] }))
    expect(data['people']).toContainEqual(both(one))
  }
  const { messageId } = (
    await api.call('POST', '/v1/sessions/s/messages?wait=30', {
      body: { to: group, type: 'text', text: 'you all', mentions: [lida.phone, numa.phone] },
    })
  ).body as Data
  await told('message.delivered', messageId)
  for (const one of [lida, numa, beto])
    await world.door('POST', `/phones/${one.phone}/read`, { messageIds: [messageId] })
  await told('message.read', messageId)

  const { participants } = await get(`groups/${group}`)
  for (const one of [beto, lida, numa]) expect(participants).toContainEqual(both(one))
  expect(participants).toHaveLength(4)
  const { data: history } = await get(`chats/${encodeURIComponent(group)}/messages`)
  for (const [id, author] of [
    [fromLida, lida],
    [fromNuma, numa],
  ] as const)
    expect(history.find((one: Data) => one['messageId'] === id).people).toContainEqual(both(author))
  const reacted = await get(`messages/${fromLida}`)
  expect(reacted['people']).toContainEqual(both(numa))
  expect(reacted['reactions']).toHaveLength(1)
  const ours = await get(`messages/${messageId}`)
  expect(ours['recipients']).toEqual({ total: 3, delivered: 3, read: 3, played: 0 })
  for (const one of [lida, numa]) {
    expect(ours['people']).toContainEqual(both(one))
    expect(ours['receipts']).toContainEqual({
      lid: one.lid,
      phone: one.phone,
      delivered: expect.any(String),
      read: expect.any(String),
    })
  }
})

test('one contact each, and no chat that nobody wrote in', async () => {
  const { data: contacts } = await get('contacts?limit=200')
  const { data: chats } = await get('chats?limit=200')
  for (const one of [lida, numa, beto]) {
    const ours = (contacts as Data[]).filter(({ lid, phone }) => lid === one.lid || phone === one.phone)
    expect(ours).toMatchObject([{ lid: one.lid, phone: one.phone }])
  }
  expect((chats as Data[]).map(({ chatId }) => chatId)).toEqual([group])
})
