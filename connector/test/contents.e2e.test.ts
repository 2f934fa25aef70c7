// What a message can say besides text, over the real wire in both directions.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OutContent } from '../../shared/model/content.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let ana: Phone
let beto: Phone
beforeAll(async () => {
  world = await openWorld()
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  await world.startConnector()
  await world.link('s', ana)
})
afterAll(() => world.close())

/** Beto's phone sends; what the feed says of it. */
async function comes(body: object): Promise<Record<string, unknown>> {
  const { messageId } = await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, ...body })
  return (await world.untilEvent('message.received', (event) => event.data['messageId'] === messageId)).data
}

/** We send; what Beto's phone has decrypted, and what the feed says of it once WhatsApp has it. */
async function goes(content: OutContent) {
  const messageId = await world.post('s', beto, '', { content })
  const sent = await world.untilEvent('message.sent', (event) => event.data['messageId'] === messageId)
  await world.until('it has arrived', () =>
    world.of('message.delivered').some((event) => event.data['messageId'] === messageId),
  )
  const inbox = (await world.inbox(beto)) as { messageId?: string; kind: string; details?: object }[]
  return { arrived: inbox.find((row) => row.messageId === messageId), told: sent.data, messageId }
}

const lastLine = async () =>
  (await world.store.chats.resolve('s', [`${beto.phone}@s.whatsapp.net`, beto.lid]))?.lastMessage

test('a location', async () => {
  const location = { latitude: -34.6037, longitude: -58.3816, name: 'Obelisco', address: 'Av. 9 de Julio' }
  expect(await comes({ location })).toMatchObject({ type: 'location', location })
  const { arrived, told } = await goes({ type: 'location', location })
  expect(arrived).toMatchObject({ kind: 'location', details: { location } })
  expect(told).toMatchObject({ type: 'location', location })
  expect(await lastLine(), 'a list shows its name').toMatchObject({ type: 'location', text: 'Obelisco' })
})

test('contacts, one and several; no name becomes a line of its card', async () => {
  const vcard =
    'BEGIN:VCARD\nVERSION:3.0\nFN:Eva\nitem1.TEL;waid=15550001111:+1 555 000-1111\nTEL:+34 600 000 001\nEND:VCARD'
  expect(await comes({ contacts: [{ name: 'Eva', vcard }] })).toMatchObject({
    type: 'contacts',
    contacts: [{ name: 'Eva', phones: ['15550001111', '34600000001'], vcard }],
  })
  const given = [
    { name: 'Eva\nTEL:+666', phones: ['15550001111'], organization: 'Sol; Luna' },
    { name: 'Leo', phones: ['34600000001', '34600000002'] },
  ]
  const { arrived, told } = await goes({ type: 'contacts', contacts: given })
  expect(arrived?.kind).toBe('contacts')
  const shown = told['contacts'] as { name: string; phones: string[]; vcard: string }[]
  expect(shown.map(({ name, phones }) => ({ name, phones }))).toEqual(
    given.map(({ name, phones }) => ({ name, phones })),
  )
  expect(arrived?.details).toMatchObject({ contacts: shown.map(({ name, vcard: card }) => ({ name, vcard: card })) })
  expect(shown[0]?.vcard).not.toMatch(/^TEL:\+666/m)
})

test('a poll, of one choice and of several', async () => {
  const poll = { question: 'Lunch?', options: ['pizza', 'sushi', 'asado'], selectable: 1 }
  expect(await comes({ poll })).toMatchObject({ type: 'poll', poll })
  for (const selectable of [1, 0]) {
    const { arrived, told, messageId } = await goes({ type: 'poll', poll: { ...poll, selectable } })
    expect(arrived).toMatchObject({ kind: 'poll', details: { poll: { ...poll, selectable } } })
    expect(told).toMatchObject({ type: 'poll', poll: { ...poll, selectable } })
    const [row] = await world.store.messages.find('s', messageId)
    expect(row?.raw?.length, 'kept as it went, with the secret that votes are sealed with').toBeGreaterThan(0)
  }
})

test('a quote carries to what is no text', async () => {
  const asked = await comes({ text: 'where?' })
  const messageId = await world.post('s', beto, '', {
    content: { type: 'location', location: { latitude: 1, longitude: 2 } },
    quotedMessageId: String(asked['messageId']),
  })
  const sent = await world.untilEvent('message.sent', (event) => event.data['messageId'] === messageId)
  expect(sent.data).toMatchObject({ type: 'location', quotedMessageId: asked['messageId'] })
})

test('what was revoked is kept in no form', async () => {
  const told = await comes({ location: { latitude: 3, longitude: 4, name: 'secret' } })
  const messageId = String(told['messageId'])
  await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, revoke: { messageId } })
  const revoked = await world.untilEvent('message.revoked', (event) => event.data['messageId'] === messageId)
  expect(revoked.data).not.toHaveProperty('location')
  const [row] = await world.store.messages.find('s', messageId)
  expect(Object.keys(row ?? {})).not.toEqual(expect.arrayContaining(['location']))
  expect(row?.raw).toBeUndefined()
})
