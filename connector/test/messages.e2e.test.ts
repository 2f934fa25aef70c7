// Messages over the real wire, both ways, with everything that happens to them.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toLidJid } from '../../shared/model/jid.ts'
import { numbered, openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let ana: Phone
let beto: Phone
beforeAll(async () => {
  world = await openWorld()
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  await world.door('POST', '/history', {
    phone: ana.phone,
    contacts: [{ phone: beto.phone, name: 'Beto Libreta' }],
    chats: [{ phone: beto.phone, name: 'Beto Libreta', unread: 2, pinned: true }],
    messages: [
      { chat: beto.phone, messageId: 'OLD1', fromMe: false, text: 'from before', at: '2026-01-02T03:04:05Z' },
      { chat: beto.phone, messageId: 'OLD2', fromMe: true, text: 'answered before', at: '2026-01-02T03:05:05Z' },
    ],
  })
  await world.startConnector()
  await world.link('s', ana)
})
afterAll(() => world.close())

const ofMessage = (type: Parameters<World['of']>[0], messageId: string) =>
  world.untilEvent(type, (event) => event.data['messageId'] === messageId)
const say = async (body: object): Promise<string> =>
  String((await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, ...body }))['messageId'])
const chatWithBeto = async () => {
  const chat = await world.store.chats.resolve('s', [`${beto.phone}@s.whatsapp.net`, beto.lid])
  if (!chat) throw new Error('no chat with Beto')
  return chat
}

test('the first history brings contact, chat and messages, and is no new message to anybody', async () => {
  await world.untilEvent('history.progress', (event) => event.data['progress'] === 100)
  const chat = await chatWithBeto()
  const page = await world.store.messages.page('s', chat.chatId, { limit: 10 })
  expect(page.data.map((row) => row.text)).toEqual(['answered before', 'from before'])
  expect(page.data.every((row) => row.historical)).toBe(true)
  expect(chat).toMatchObject({ pinned: 1, unreadCount: 2 })
  const contact = await world.store.contacts.resolve('s', [beto.lid])
  expect(contact, 'LID and phone number are one contact').toMatchObject({
    phone: beto.phone,
    lid: beto.lid,
    name: 'Beto Libreta',
  })
  expect(world.of('message.received')).toEqual([])
})

test('100 texts each way at once: in order, none lost, none twice, statuses up to read', async () => {
  const incoming = world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: 'in', count: 100 })
  const outgoing: string[] = []
  for (const text of numbered('out', 100)) outgoing.push(await world.post('s', beto, text))
  await incoming
  const inbox = await world.inbox(beto, 100)
  expect(inbox.map((row) => row.text)).toEqual(numbered('out', 100))
  expect(inbox.every((row) => row.deliveries === 1)).toBe(true)
  const received = () => world.of('message.received').map((event) => event.data['text'])
  await world.until('all received', () => received().length >= 100)
  expect(received()).toEqual(numbered('in', 100))
  const chatId = String(world.of('message.received')[0]?.data['chatId'])
  const page = await world.store.messages.page('s', chatId, { limit: 200 })
  const listed = page.data.filter(({ fromMe }) => !fromMe).map(({ text }) => text)
  expect(listed.toReversed(), 'many of one second stand as they came').toEqual(numbered('in', 100))

  await world.door('POST', `/phones/${beto.phone}/read`, { messageIds: outgoing })
  await world.until('all read', () => world.of('message.read').length >= 100)
  const rows = await Promise.all(outgoing.map((id) => world.store.messages.find('s', id)))
  expect(rows.flat().map((row) => row.status)).toEqual(outgoing.map(() => 'read'))
  // A status never goes back: what comes late changes nothing.
  const types = world.events.filter((event) => event.data['messageId'] === outgoing[0]).map((event) => event.type)
  expect(types).toEqual(['message.queued', 'message.sent', 'message.delivered', 'message.read'])
  const { counters } = await world.phoneState(beto)
  expect(counters).toMatchObject({ failedDecryptions: 0, retryReceiptsReceived: 0 })
})

test('a quote carries over the wire in both directions', async () => {
  const asked = await say({ text: 'a question?' })
  await ofMessage('message.received', asked)
  const answer = await world.post('s', beto, 'an answer', { quotedMessageId: asked })
  await ofMessage('message.delivered', answer)
  const inbox = await world.inbox(beto)
  expect(inbox.find((row) => row.messageId === answer)).toMatchObject({ text: 'an answer', quotedMessageId: asked })
  const back = await say({ text: 'thanks', quotedMessageId: answer })
  const event = await ofMessage('message.received', back)
  expect(event.data).toMatchObject({ text: 'thanks', quotedMessageId: answer })
})

test('edits, revokes and reactions of the other side change the message, and only its author can', async () => {
  const id = await say({ text: 'first draft' })
  await ofMessage('message.received', id)
  await say({ edit: { messageId: id, text: 'second draft' } })
  expect((await ofMessage('message.edited', id)).data['text']).toBe('second draft')
  await say({ reaction: { messageId: id, emoji: '👍' } })
  expect((await ofMessage('message.reaction', id)).data['reaction']).toMatchObject({ emoji: '👍' })
  await say({ revoke: { messageId: id } })
  await ofMessage('message.revoked', id)
  const [row] = await world.store.messages.find('s', id)
  expect(row?.text, 'a revoked text is gone').toBeUndefined()
  expect(row?.reactions).toMatchObject([{ emoji: '👍' }])
})

test('a text that is changed the moment after it was sent arrives as it was sent, then changed', async () => {
  const rounds = numbered('changed at once', 6)
  const ids: { revoked: string; edited: string }[] = []
  for (const text of rounds) {
    const [revoked, edited] = [await say({ text: `${text}, revoked` }), await say({ text })]
    await say({ revoke: { messageId: revoked } })
    await say({ edit: { messageId: edited, text: `${text}, edited` } })
    ids.push({ revoked, edited })
  }
  for (const { revoked, edited } of ids) {
    await ofMessage('message.revoked', revoked)
    await ofMessage('message.edited', edited)
  }
  const received = world.of('message.received').map((event) => event.data['text'])
  expect(received.filter((text) => String(text).startsWith('changed at once'))).toEqual(
    rounds.flatMap((text) => [`${text}, revoked`, text]),
  )
})

test('our own edit, reaction and revoke reach the phone and our own history', async () => {
  const id = await world.post('s', beto, 'ours')
  await ofMessage('message.delivered', id)
  const { chatId } = await chatWithBeto()
  const order = (kind: 'message.edit' | 'message.revoke' | 'message.react', payload: object) =>
    world.store.commands.accept({
      _id: `${kind}-${id}`,
      sessionId: 's',
      lane: `${beto.phone}@s.whatsapp.net`,
      kind,
      payload,
      messageId: `${id}${kind.length}`,
      actor: 'test',
    })
  await order('message.edit', { chatId, targetId: id, text: 'ours, better' })
  await ofMessage('message.edited', id)
  await order('message.react', { chatId, targetId: id, targetSender: 'me', emoji: '🎉' })
  await ofMessage('message.reaction', id)
  await order('message.revoke', { chatId, targetId: id })
  await ofMessage('message.revoked', id)
  // The phone has it a moment after WhatsApp has taken it.
  const seen = async () => (await world.inbox(beto)).filter((row) => row.targetId === id)
  await expect
    .poll(async () => (await seen()).map((row) => [row.kind, row.text]))
    .toEqual([
      ['edit', 'ours, better'],
      ['reaction', '🎉'],
      ['revoke', expect.anything()],
    ])
})

test('what is typed on the phone itself is ours too', async () => {
  const answer = await world.door('POST', `/phones/${ana.phone}/messages`, {
    to: beto.phone,
    text: 'typed on the phone',
  })
  const event = await ofMessage('message.sent', String(answer['messageId']))
  expect(event.data).toMatchObject({ fromMe: true, text: 'typed on the phone', chatId: (await chatWithBeto()).chatId })
})

test('an error ack ends the message as failed with WhatsApp’s reason, and the next one goes', async () => {
  await world.door('POST', '/faults', { kind: 'nack', phone: ana.phone, times: 1, code: 479 })
  const refused = await world.post('s', beto, 'refused')
  const event = await ofMessage('message.failed', refused)
  expect(event.data['error']).toMatchObject({ code: 'whatsapp.479' })
  const next = await world.post('s', beto, 'goes through')
  await ofMessage('message.delivered', next)
  await expect.poll(async () => (await world.store.commands.ofMessage('s', refused))?.state).toBe('failed')
})

test('a number that is not on WhatsApp fails and says so', async () => {
  const nobody: Phone = { phone: '15559990000', lid: toLidJid('1'), name: 'Nobody' }
  const id = await world.post('s', nobody, 'hello?')
  expect((await ofMessage('message.failed', id)).data['error']).toMatchObject({ code: 'recipient.not_on_whatsapp' })
})

test('typing and presence arrive as signals, without a number in the stream', async () => {
  const signals: string[] = []
  world.feed.listen((change) => {
    if (change.kind === 'signal') signals.push(`${change.signal.type} ${String(change.signal.data['state'])}`)
  })
  const { chatId } = await chatWithBeto()
  const order = (kind: 'presence.subscribe' | 'chat.typing' | 'presence.set', payload: object) =>
    world.store.commands.accept({
      _id: `${kind}-1`,
      sessionId: 's',
      lane: kind,
      kind,
      payload: payload,
      actor: 'test',
    })
  for (const { command } of [
    await order('presence.set', { state: 'available' }),
    await order('presence.subscribe', { chatId }),
  ])
    await expect.poll(async () => (await world.store.commands.read(command._id))?.state).toBe('done')
  await world.door('POST', `/phones/${beto.phone}/typing`, { to: ana.phone, state: 'composing' })
  await world.until('typing', () => signals.includes('typing.updated composing'))
})

test('with autoRead what arrives is marked as read at its sender', async () => {
  await world.store.sessions.patch('s', { settings: { autoRead: true } })
  const connects = world.of('session.connected').length
  await world.store.sessions.want('s', 'linked')
  await world.until('connected again', () => world.of('session.connected').length > connects)
  const id = await say({ text: 'seen?' })
  const sent = await world.door('GET', `/phones/${beto.phone}/sent?messageId=${id}&receipt=read&atLeast=1&wait=60`)
  expect(sent['data']).toHaveLength(1)
  await expect.poll(async () => (await world.store.chats.resolve('s', [beto.lid]))?.unreadCount).toBe(0)
})
