import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../scripts/testing/api.ts'
import type { Message } from '../../../shared/model/message.ts'
import { toMessageKey } from '../../../shared/model/message.ts'

let api: TestApi
let session: string
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  session = await api.createSession()
})

const ana = '5491155550000@s.whatsapp.net'
const anaLid = '123456789012345@lid'
const text = { type: 'text', to: '+54 9 11 5555-0000', text: 'hello' }
const send = (body: object = text, headers: Record<string, string> = {}, query = '') =>
  api.call('POST', `/v1/sessions/${session}/messages${query}`, { body, headers })
const commands = async () => (await api.store.commands.page(session, { limit: 200 })).data

async function received(over: Partial<Message> = {}): Promise<Message> {
  const row: Message = {
    _id: '',
    sessionId: session,
    chatId: ana,
    messageId: 'IN1',
    sender: ana,
    fromMe: false,
    type: 'text',
    text: 'hi there',
    timestamp: new Date('2026-05-01T10:00:00Z'),
    statusTimes: {},
    reactions: [],
    createdAt: new Date(),
    ...over,
  }
  row._id = toMessageKey(session, row.chatId, row.sender, row.messageId)
  await api.store.chats.resolveOrCreate(session, [row.chatId], row.timestamp)
  await api.store.messages.insert([row])
  return row
}

/** As the session's owner: takes the command and ends it. */
async function finish(commandId: string, state: 'done' | 'failed', error?: { code: string; reason: string }) {
  await api.store.commands.take(commandId, 1)
  await api.store.commands.finish(commandId, 1, state, error)
}

test('a text is accepted at once, with its final WhatsApp id, while the phone is away', async () => {
  const answer = await send()
  expect(answer.status).toBe(202)
  expect(answer.body).toEqual({
    messageId: expect.stringMatching(/^3EB0[0-9A-F]{18}$/),
    commandId: expect.any(String),
    status: 'queued',
  })
  expect(answer.headers.get('location')).toBe(`/v1/commands/${answer.body.commandId}`)
  expect(await api.store.commands.read(answer.body.commandId)).toMatchObject({
    sessionId: session,
    lane: ana,
    kind: 'message.send',
    payload: { to: ana, content: { type: 'text', text: 'hello' } },
    messageId: answer.body.messageId,
    state: 'queued',
  })
})

test('a chat is one lane whichever of its addresses is used', async () => {
  await api.store.chats.resolveOrCreate(session, [anaLid, ana], new Date())
  await send()
  await send({ ...text, to: ana })
  await send({ ...text, to: anaLid })
  expect((await commands()).map((command) => command.lane)).toEqual([anaLid, anaLid, anaLid])
})

test('until its owner has made its row a message is read from the outbox', async () => {
  await received()
  const { body } = await send({ ...text, quotedMessageId: 'IN1', mentions: [ana] })
  const read = await api.call('GET', `/v1/sessions/${session}/messages/${body.messageId}`)
  expect(read.status).toBe(200)
  expect(read.body).toMatchObject({
    messageId: body.messageId,
    chatId: ana,
    fromMe: true,
    text: 'hello',
    quotedMessageId: 'IN1',
    mentions: [ana],
    status: 'queued',
    commandId: body.commandId,
  })
})

test('accepted under one address of a chat that is then met by another, it is found under both', async () => {
  const { body } = await send()
  await api.store.chats.resolveOrCreate(session, [anaLid, ana], new Date())
  const path = `/v1/sessions/${session}/messages/${body.messageId}`
  for (const chatId of [anaLid, ana])
    expect((await api.call('GET', `${path}?chatId=${encodeURIComponent(chatId)}`)).status, chatId).toBe(200)
  const other = await api.call('GET', `${path}?chatId=5491155550001`)
  expect([other.status, other.body.code]).toEqual([404, 'message.not_found'])
})

test('a message that was cancelled reads as failed', async () => {
  const { body } = await send()
  const cancelled = await api.call('DELETE', `/v1/commands/${body.commandId}`)
  expect([cancelled.status, cancelled.body.state]).toEqual([200, 'cancelled'])
  const read = await api.call('GET', `/v1/sessions/${session}/messages/${body.messageId}`)
  expect(read.body).toMatchObject({ status: 'failed', error: { code: 'command.cancelled' } })
})

test('cancelling again answers as the first time did', async () => {
  const { body } = await send()
  const first = await api.call('DELETE', `/v1/commands/${body.commandId}`)
  const again = await api.call('DELETE', `/v1/commands/${body.commandId}`)
  expect([again.status, again.body]).toEqual([200, first.body])
})

test('what has gone cannot be cancelled', async () => {
  const { body } = await send()
  await api.store.commands.take(body.commandId, 1)
  const answer = await api.call('DELETE', `/v1/commands/${body.commandId}`)
  expect([answer.status, answer.body.code]).toEqual([409, 'command.already_sent'])
})

test.each([
  ['Prefer: wait', { prefer: 'respond-async, wait=20' }, ''],
  ['?wait=', {}, '?wait=20'],
])('with %s the answer is 201 once it is sent', async (_name, headers: Record<string, string>, query) => {
  const queued = new Promise<string>((resolve) => {
    const stop = api.feed?.listen((change) => {
      if (change.kind !== 'command' || change.sessionId !== session || change.state !== 'queued') return
      stop?.()
      resolve(change.id)
    })
  })
  const waiting = send(text, headers, query)
  await finish(await queued, 'done')
  expect(await waiting).toMatchObject({ status: 201, body: { status: 'sent' } })
})

test('without a change stream a wait ends as well', async () => {
  const frozen = await openTestApi({ on: api, withFeed: false })
  const waiting = frozen.call('POST', `/v1/sessions/${session}/messages`, {
    body: text,
    headers: { prefer: 'wait=20' },
  })
  await expect.poll(async () => (await commands()).length).toBe(1)
  await finish((await commands())[0]!._id, 'done')
  expect((await waiting).status).toBe(201)
  await frozen.close()
})

test('a wait that ends badly is 502 command.failed with the reason', async () => {
  const waiting = send(text, { prefer: 'wait=20' })
  await expect.poll(async () => (await commands()).length).toBe(1)
  await finish((await commands())[0]!._id, 'failed', { code: 'whatsapp.479', reason: 'refused with 479' })
  const [order] = await commands()
  const accepted = { commandId: order?._id, messageId: order?.messageId }
  const body = { code: 'command.failed', detail: 'refused with 479', ...accepted, failure: 'whatsapp.479' }
  expect(await waiting).toMatchObject({ status: 502, body })
})

test('a wait for a number that is not on WhatsApp ends with 422: the caller can mend that, not we', async () => {
  const waiting = send(text, { prefer: 'wait=20' })
  await expect.poll(async () => (await commands()).length).toBe(1)
  await finish((await commands())[0]!._id, 'failed', { code: 'recipient.not_on_whatsapp', reason: 'no such number' })
  expect(await waiting).toMatchObject({ status: 422, body: { code: 'recipient.not_on_whatsapp' } })
})

test('a wait for what is cancelled meanwhile says so', async () => {
  const waiting = send(text, { prefer: 'wait=20' })
  await expect.poll(async () => (await commands()).length).toBe(1)
  await api.store.commands.cancel((await commands())[0]!._id, () => true)
  expect(await waiting).toMatchObject({ status: 409, body: { code: 'command.cancelled' } })
})

test('a wait that runs out is the 202 it would have been', async () => {
  expect(await send(text, {}, '?wait=0')).toMatchObject({ status: 202, body: { status: 'queued' } })
  expect(await send(text, {}, '?wait=1')).toMatchObject({ status: 202, body: { status: 'queued' } })
})

test('the same idempotency key and body give the first answer again, and one message', async () => {
  const first = await send(text, { 'idempotency-key': `k-${session}` })
  const again = await send(text, { 'idempotency-key': `k-${session}` })
  expect([again.status, again.body]).toEqual([202, first.body])
  expect(again.headers.get('idempotency-replayed')).toBe('true')
  expect(await commands()).toHaveLength(1)
})

test('the same idempotency key with another body is 422 idempotency.conflict', async () => {
  await send(text, { 'idempotency-key': `k-${session}` })
  const other = await send({ ...text, text: 'something else' }, { 'idempotency-key': `k-${session}` })
  expect([other.status, other.body.code]).toEqual([422, 'idempotency.conflict'])
})

test('an idempotency key is its caller’s own', async () => {
  const { key } = await api.createKey({ scopes: ['messages.write'] })
  const mine = await send(text, { 'idempotency-key': `k-${session}` })
  const theirs = await api.call('POST', `/v1/sessions/${session}/messages`, {
    key,
    body: text,
    headers: { 'idempotency-key': `k-${session}` },
  })
  expect(theirs.status).toBe(202)
  expect(theirs.body.messageId).not.toBe(mine.body.messageId)
})

test('twenty at once under one idempotency key are one message', async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => send(text, { 'idempotency-key': `race-${session}` })),
  )
  expect(new Set(answers.map((answer) => `${answer.status} ${answer.text}`)).size).toBe(1)
  expect(await commands()).toHaveLength(1)
})

test('what is accepted is shown as it will be, before its owner has made its row', async () => {
  const contacts = [{ name: 'Eva', phones: ['+34 600 000 001'] }]
  const { body } = await send({ type: 'contacts', to: ana, contacts })
  const shown = await api.call('GET', `/v1/sessions/${session}/messages/${body.messageId}`)
  expect(shown.body).toMatchObject({
    type: 'contacts',
    status: 'queued',
    contacts: [{ name: 'Eva', phones: ['34600000001'] }],
  })
  expect(shown.body.contacts[0].vcard).toContain('waid=34600000001')
})

test('only a text can be edited', async () => {
  const { body } = await send({ type: 'poll', to: ana, poll: { question: 'q', options: ['a', 'b'] } })
  const answer = await api.call('PATCH', `/v1/sessions/${session}/messages/${body.messageId}`, { body: { text: 'x' } })
  expect([answer.status, answer.body.code]).toEqual([409, 'message.not_editable'])
})

test('a hundred texts to one chat keep their order', async () => {
  for (let n = 0; n < 100; n += 1) await send({ ...text, text: `no ${n}` })
  const waiting = await api.store.commands.waiting(session, 200)
  expect(waiting.map((command) => (command.payload as { content: { text: string } }).content.text)).toEqual(
    Array.from({ length: 100 }, (_, n) => `no ${n}`),
  )
})

test.each([
  ['a malformed number', { ...text, to: '12' }, 'to'],
  ['a number without a country', { ...text, to: '0111555000' }, 'to'],
  ['a jid that is none', { ...text, to: 'ana@example.com' }, 'to'],
  ['a group that is no number', { ...text, to: 'GROUP@g.us' }, 'to'],
  ['an unknown field', { ...text, colour: 'red' }, 'colour'],
  ['a wrong type', { ...text, text: 5 }, 'text'],
  ['an empty text', { ...text, text: '  ' }, 'text'],
  ['an unknown kind of message', { ...text, type: 'hologram' }, 'type'],
  ['a mention that is no address', { ...text, mentions: [ana, 'x'] }, 'mentions.1'],
  ['an end in the past', { ...text, expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
  ['a time that is none', { ...text, notBefore: 'tomorrow' }, 'notBefore'],
  ['a missing text', { type: 'text', to: ana }, 'text'],
  [
    'a place off the globe',
    { type: 'location', to: ana, location: { latitude: 91, longitude: 0 } },
    'location.latitude',
  ],
  ['no place at all', { type: 'location', to: ana }, 'location'],
  ['no contact', { type: 'contacts', to: ana, contacts: [] }, 'contacts'],
  [
    'a contact without a number',
    { type: 'contacts', to: ana, contacts: [{ name: 'x', phones: [] }] },
    'contacts.0.phones',
  ],
  [
    'a number that is none',
    { type: 'contacts', to: ana, contacts: [{ name: 'x', phones: ['a\nTEL:1'] }] },
    'contacts.0.phones.0',
  ],
  ['a poll of one option', { type: 'poll', to: ana, poll: { question: 'q', options: ['a'] } }, 'poll.options'],
  ['a poll of the same twice', { type: 'poll', to: ana, poll: { question: 'q', options: ['a', 'a'] } }, 'poll.options'],
  [
    'more choices than options',
    { type: 'poll', to: ana, poll: { question: 'q', options: ['a', 'b'], selectable: 3 } },
    'poll.selectable',
  ],
  ['an operator instead of an address', { ...text, to: { $gt: '' } }, 'to'],
])('%s is 422 with its path, and nothing is stored', async (_name, body, path) => {
  const answer = await send(body)
  expect(answer.status).toBe(422)
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(answer.body).toMatchObject({ code: 'request.invalid', status: 422, retryable: false })
  expect(answer.body.errors.map((fault: { path: string }) => fault.path)).toContain(path)
  expect(await commands()).toEqual([])
})

test('history comes newest first, page by page, by any address of the chat', async () => {
  for (let n = 0; n < 5; n += 1)
    await received({ messageId: `M${n}`, timestamp: new Date(Date.UTC(2026, 4, 1, 10, n)) })
  const path = `/v1/sessions/${session}/chats/${encodeURIComponent('+54 9 11 5555-0000')}/messages`
  const first = await api.call('GET', `${path}?limit=3`)
  expect(first.body.data.map((one: any) => one.messageId)).toEqual(['M4', 'M3', 'M2'])
  const second = await api.call('GET', `${path}?limit=3&cursor=${first.body.nextCursor}`)
  expect(second.body.data.map((one: any) => one.messageId)).toEqual(['M1', 'M0'])
  expect(second.body.nextCursor).toBeNull()
  const bounded = await api.call('GET', `${path}?before=2026-05-01T10:03:00Z&after=2026-05-01T10:00:00Z`)
  expect(bounded.body.data.map((one: any) => one.messageId)).toEqual(['M2', 'M1'])
})

test('a message in two chats is 409 message.ambiguous until ?chatId= says which', async () => {
  await received({ messageId: 'TWICE' })
  await received({ messageId: 'TWICE', chatId: '120363000000000000@g.us' })
  const path = `/v1/sessions/${session}/messages/TWICE`
  expect(await api.call('GET', path)).toMatchObject({ status: 409, body: { code: 'message.ambiguous' } })
  expect(await api.call('GET', `${path}?chatId=${ana}`)).toMatchObject({ status: 200, body: { chatId: ana } })
})

test('own messages can be edited and taken back, in the lane of their chat', async () => {
  await received({ messageId: 'OUT1', sender: 'me', fromMe: true, timestamp: new Date() })
  const path = `/v1/sessions/${session}/messages/OUT1`
  expect((await api.call('PATCH', path, { body: { text: 'better' } })).status).toBe(202)
  expect((await api.call('DELETE', `${path}?for=everyone`)).status).toBe(202)
  expect(
    (await api.store.commands.waiting(session, 10)).map(({ kind, lane, payload }) => [kind, lane, payload]),
  ).toEqual([
    ['message.edit', ana, { chatId: ana, targetId: 'OUT1', text: 'better' }],
    ['message.revoke', ana, { chatId: ana, targetId: 'OUT1' }],
  ])
})

test('a message that has not gone yet can be edited: the edit waits behind it', async () => {
  const { body } = await send()
  const edited = await api.call('PATCH', `/v1/sessions/${session}/messages/${body.messageId}`, {
    body: { text: 'new' },
  })
  expect(edited.status).toBe(202)
  expect((await commands()).map((command) => command.lane)).toEqual([ana, ana])
})

test('a reaction names whose message it is on; an empty one removes it', async () => {
  await received()
  const path = `/v1/sessions/${session}/messages/IN1/reaction`
  expect((await api.call('PUT', path, { body: { emoji: '👍' } })).status).toBe(202)
  expect((await api.call('PUT', path, { body: { emoji: '' } })).status).toBe(202)
  for (const emoji of ['x', '1', 'ok', '👍👍', '🇦', ' '])
    expect((await api.call('PUT', path, { body: { emoji } })).status, emoji).toBe(422)
  expect((await api.store.commands.waiting(session, 10)).map((command) => command.payload)).toEqual([
    { chatId: ana, targetId: 'IN1', targetSender: ana, emoji: '👍' },
    { chatId: ana, targetId: 'IN1', targetSender: ana, emoji: '' },
  ])
})

test('a message that is not there is 404 for every verb', async () => {
  const path = `/v1/sessions/${session}/messages/NOPE`
  for (const [method, at, body] of [
    ['GET', path, undefined],
    ['PATCH', path, { text: 'x' }],
    ['DELETE', path, undefined],
    ['PUT', `${path}/reaction`, { emoji: '👍' }],
    ['POST', `${path}/forward`, { to: ana }],
    ['POST', `${path}/poll-vote`, { options: [] }],
    ['PUT', `${path}/event-response`, { answer: 'going' }],
  ] as const)
    expect(await api.call(method, at, { body })).toMatchObject({ status: 404, body: { code: 'message.not_found' } })
})

test('what cannot be answered or sent on is refused, and nothing is ordered', async () => {
  await received()
  const path = `/v1/sessions/${session}/messages/IN1`
  for (const [method, verb, body] of [
    ['POST', 'poll-vote', { options: ['a'] }],
    ['PUT', 'event-response', { answer: 'going' }],
  ] as const)
    expect(await api.call(method, `${path}/${verb}`, { body })).toMatchObject({
      status: 409,
      body: { code: 'message.not_answerable' },
    })
  await api.store.messages.revoke(toMessageKey(session, ana, ana, 'IN1'), new Date())
  expect(await api.call('POST', `${path}/forward`, { body: { to: ana } })).toMatchObject({
    status: 409,
    body: { code: 'message.not_forwardable' },
  })
  expect(await api.store.commands.waiting(session, 10)).toEqual([])
})

test('what is given with a message is checked: an event that ends before it begins, a preview of a page that is not named, a time that apps do not offer', async () => {
  const event = { name: 'x', startAt: '2027-01-02T15:00:00Z', endAt: '2027-01-02T14:00:00Z' }
  for (const [body, path] of [
    [{ type: 'event', to: ana, event }, 'event.endAt'],
    [{ type: 'text', to: ana, text: 'hi', linkPreview: { url: 'https://a.io', title: 'A' } }, 'linkPreview.url'],
    [{ type: 'text', to: ana, text: 'hi', ephemeralSeconds: 5 }, 'ephemeralSeconds'],
  ] as const)
    expect(await api.call('POST', `/v1/sessions/${session}/messages`, { body })).toMatchObject({
      status: 422,
      body: { errors: [{ path }] },
    })
})
