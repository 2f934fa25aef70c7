import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../scripts/testing/api.ts'
import { toMessageKey, type Message } from '../../../shared/model/message.ts'

let api: TestApi
let session: string
beforeAll(async () => {
  api = await openTestApi()
  session = await api.createSession()
})
afterAll(() => api.close())

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000)

const chatId = '5491155550000@s.whatsapp.net'

/** A text of ours, accepted and sent so many minutes ago. */
async function ours(messageId: string, accepted: number, sent: number, more: Partial<Message> = {}): Promise<void> {
  const row: Message = {
    _id: toMessageKey(session, chatId, 'me', messageId),
    sessionId: session,
    chatId,
    messageId,
    sender: 'me',
    fromMe: true,
    type: 'text',
    text: 'hello',
    timestamp: minutesAgo(accepted),
    status: 'sent',
    statusTimes: { sent: minutesAgo(sent) },
    reactions: [],
    createdAt: new Date(),
    ...more,
  }
  await api.store.messages.insert([row])
}
const edit = (messageId: string) =>
  api.call('PATCH', `/v1/sessions/${session}/messages/${messageId}`, { body: { text: 'hi' } })

test('a text may be edited as long as whoever has it would take the change: 20 minutes from when it was sent', async () => {
  await ours('YOUNG', 19, 19)
  await ours('LATE', 90, 5)
  await ours('OLD', 21, 21)
  expect((await edit('YOUNG')).status).toBe(202)
  expect((await edit('LATE')).status, 'it had waited for a connection').toBe(202)
  expect(await edit('OLD')).toMatchObject({ status: 409, body: { code: 'message.too_old', retryable: false } })
  expect((await api.store.commands.page(session, { limit: 10 })).data).toHaveLength(2)
})

test('what others wrote can be neither edited nor taken back', async () => {
  const sender = chatId
  await ours('THEIRS', 1, 1, { _id: toMessageKey(session, chatId, sender, 'THEIRS'), sender, fromMe: false })
  const refused = { status: 409, body: { code: 'message.not_own' } }
  expect(await edit('THEIRS')).toMatchObject(refused)
  expect(await api.call('DELETE', `/v1/sessions/${session}/messages/THEIRS`)).toMatchObject(refused)
})
