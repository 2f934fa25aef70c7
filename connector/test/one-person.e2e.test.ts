// One person is one contact and one chat, whichever of their addresses came first.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let api: TestApi
let ana: Phone
beforeAll(async () => {
  world = await openWorld()
  api = await openTestApi({ on: world })
  ana = await world.phone('Ana')
  await world.startConnector()
})
afterAll(async () => {
  await api.close()
  await world.close()
})

const jidOf = (phone: Phone) => `${phone.phone}@s.whatsapp.net`
const get = async (path: string) => (await api.call('GET', `/v1/sessions/s/${path}`)).body

async function hears(from: Phone, body: object): Promise<Record<string, any>> {
  const { messageId } = await world.door('POST', `/phones/${from.phone}/messages`, { to: ana.phone, ...body })
  return (await world.untilEvent('message.received', (event) => event.data['messageId'] === messageId)).data
}

/** The chats of one person, by the API, and the contacts. */
async function known(person: Phone) {
  const ours = (one: any) =>
    [one.chatId, one.contactId, ...(one.aliases ?? []), one.lid].some((jid) =>
      [person.lid, jidOf(person)].includes(jid),
    )
  const [chats, contacts] = [await get('chats?limit=200'), await get('contacts?limit=200')]
  return { chats: chats.data.filter(ours), contacts: contacts.data.filter(ours) }
}

async function isOne(person: Phone, chatId: string, texts: string[]): Promise<void> {
  const { chats, contacts } = await known(person)
  expect(
    chats.map((chat: any) => chat.chatId),
    'one chat, under the first form',
  ).toEqual([chatId])
  expect(contacts).toMatchObject([{ lid: person.lid, phone: person.phone }])
  for (const form of [person.lid, jidOf(person), person.phone]) {
    const history = await get(`chats/${encodeURIComponent(form)}/messages`)
    expect(history.data.map((one: any) => one.text).sort(), form).toEqual([...texts].sort())
    const both = { lid: person.lid, phone: person.phone }
    const names = (one: any) => one.people.some((who: any) => who.lid === both.lid && who.phone === both.phone)
    expect(history.data.every(names)).toBe(true)
  }
}

test('history without a mapping, then a message that brings it', async () => {
  const eva = await world.phone('Eva')
  await world.door('POST', '/history', {
    phone: ana.phone,
    chats: [{ phone: eva.phone }],
    messages: [{ chat: eva.phone, text: 'long ago' }],
    mappings: false,
  })
  await world.link('s', ana)
  await world.untilEvent('history.progress', (event) => event.data['progress'] === 100)
  expect((await known(eva)).chats).toHaveLength(1)
  await hears(eva, { text: 'me again' })
  await isOne(eva, eva.lid, ['long ago', 'me again'])
})

test('a first message by LID alone; the number is learned when it is written to', async () => {
  const beto = await world.phone('Beto')
  const first = await hears(beto, { text: 'who am I?', alone: true })
  expect(first).toMatchObject({ chatId: beto.lid, people: [{ jid: beto.lid }] })
  expect(first['people'][0]).not.toHaveProperty('phone')
  const { messageId } = await world.post('s', beto, 'you are Beto').then((id) => ({ messageId: id }))
  await world.untilEvent('message.delivered', (event) => event.data['messageId'] === messageId)
  const merged = await world.untilEvent('chat.merged', (event) => event.data['chatId'] === beto.lid)
  expect(merged.data).toMatchObject({ mergedChatId: jidOf(beto), aliases: [jidOf(beto)] })
  await isOne(beto, beto.lid, ['who am I?', 'you are Beto'])
  const { body } = await api.call('GET', `/v1/sessions/s/messages/${messageId}`)
  expect(body).toMatchObject({ chatId: beto.lid, status: 'delivered' })
  expect(body.people, 'known by now').toMatchObject([{ lid: beto.lid, phone: beto.phone }])
})

test('a first message by number alone; the LID comes with the next one', async () => {
  const leo = await world.phone('Leo')
  const first = await hears(leo, { text: 'hello', addressing: 'pn', alone: true })
  expect(first['chatId']).toBe(jidOf(leo))
  await world.door('POST', `/phones/${leo.phone}/messages`, {
    to: ana.phone,
    reaction: { messageId: first['messageId'], emoji: '!' },
    addressing: 'pn',
    alone: true,
  })
  await world.untilEvent('message.reaction', (event) => event.data['messageId'] === first['messageId'])
  expect(await hears(leo, { text: 'hello again' })).toMatchObject({
    chatId: jidOf(leo),
    people: [{ lid: leo.lid, phone: leo.phone }],
  })
  await isOne(leo, jidOf(leo), ['hello', 'hello again'])
  const { body } = await api.call('GET', `/v1/sessions/s/messages/${first['messageId']}`)
  expect(body.reactions).toMatchObject([{ sender: jidOf(leo) }])
})

test('two chats of one person, each with messages, become one when both addresses come together', async () => {
  const mia = await world.phone('Mia')
  await hears(mia, { text: 'by number', addressing: 'pn', alone: true })
  await world.store.chats.resolveOrCreate('s', [mia.lid], new Date())
  await hears(mia, { text: 'by LID' })
  await isOne(mia, jidOf(mia), ['by number', 'by LID'])
})
