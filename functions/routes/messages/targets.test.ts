// What is said of a message is refused where it would come to nothing: taken back, not there yet, of another chat.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../scripts/testing/api.ts'
import { toMessageKey, type Message } from '../../../shared/model/message.ts'

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
const beto = '5491155550001@s.whatsapp.net'
const path = (messageId: string) => `/v1/sessions/${session}/messages/${messageId}`
const send = (body: object) =>
  api.call('POST', `/v1/sessions/${session}/messages`, { body: { type: 'text', to: ana, text: 'hi', ...body } })

async function standing(messageId: string, chatId = ana, status: Message['status'] = 'sent'): Promise<string> {
  const row: Message = {
    _id: toMessageKey(session, chatId, 'me', messageId),
    sessionId: session,
    chatId,
    messageId,
    sender: 'me',
    fromMe: true,
    type: 'text',
    text: 'hello',
    timestamp: new Date(),
    status,
    statusTimes: {},
    reactions: [],
    createdAt: new Date(),
  }
  await api.store.chats.resolveOrCreate(session, [chatId], row.timestamp)
  await api.store.messages.insert([row])
  return row._id
}

test.each([
  ['PATCH', '', { text: 'x' }],
  ['DELETE', '', undefined],
  ['PUT', '/reaction', { emoji: '👍' }],
  ['PUT', '/star', {}],
  ['PUT', '/pin', {}],
])('%s%s of a message that was taken back is refused', async (method, verb, body) => {
  await api.store.messages.revoke(await standing('GONE'), new Date())
  expect(await api.call(method, `${path('GONE')}${verb}`, { body })).toMatchObject({
    status: 409,
    body: { code: 'message.revoked' },
  })
  expect((await api.call('DELETE', `${path('GONE')}?for=me`)).status, 'what is left of it may be deleted').toBe(202)
})

test('a message that waits for its time is neither changed nor taken back behind its back: its order is cancelled', async () => {
  const notBefore = new Date(Date.now() + 60_000).toISOString()
  const { messageId, commandId } = (await send({ notBefore })).body
  const refused = { status: 409, body: { code: 'message.not_due', detail: `DELETE /v1/commands/${commandId}` } }
  expect(await api.call('PATCH', path(messageId), { body: { text: 'x' } })).toMatchObject(refused)
  expect(await api.call('DELETE', path(messageId))).toMatchObject(refused)
  expect((await api.call('DELETE', `/v1/commands/${commandId}`)).status).toBe(200)
})

test('a message that failed for good can be neither changed nor taken back', async () => {
  await standing('FAILED', ana, 'failed')
  expect((await api.call('DELETE', path('FAILED'))).status).toBe(404)
  expect((await api.call('PATCH', path('FAILED'), { body: { text: 'x' } })).status).toBe(404)
})

test('a quote is of the chat that is written to: there, or on its way there', async () => {
  const refused = { status: 422, body: { errors: [{ path: 'quotedMessageId' }] } }
  expect(await send({ quotedMessageId: 'NOPE' })).toMatchObject(refused)
  await standing('HERE')
  await standing('THERE', beto)
  expect((await send({ quotedMessageId: 'HERE' })).status).toBe(202)
  expect(await send({ quotedMessageId: 'THERE' })).toMatchObject(refused)
  const { messageId, commandId } = (await send({})).body
  expect((await send({ quotedMessageId: messageId })).status, 'one of ours that waits').toBe(202)
  await api.store.commands.cancel(commandId, () => true)
  expect(await send({ quotedMessageId: messageId }), 'it will never be there').toMatchObject(refused)
})
