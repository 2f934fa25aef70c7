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
const beto = '5491155550009@s.whatsapp.net'

async function received(over: Partial<Message>): Promise<Message> {
  const row: Message = {
    _id: '',
    sessionId: session,
    chatId: ana,
    messageId: 'IN1',
    sender: ana,
    fromMe: false,
    type: 'text',
    timestamp: new Date('2026-05-01T10:00:00Z'),
    statusTimes: {},
    reactions: [],
    createdAt: new Date(),
    ...over,
  }
  row._id = toMessageKey(session, row.chatId, row.sender, row.messageId)
  await api.store.messages.insert([row])
  return row
}

test('a search finds messages by all their words, case and accents aside, page by page, within chat, sender, type and time', async () => {
  const at = (minute: number) => new Date(Date.UTC(2026, 4, 1, 10, minute))
  await received({ messageId: 'S1', text: 'Mañana en el café', timestamp: at(1) })
  await received({ messageId: 'S2', text: 'CAFE cerrado mañana', timestamp: at(2) })
  await received({ messageId: 'S3', text: 'el café está abierto', timestamp: at(3), sender: 'me', fromMe: true })
  await received({ messageId: 'S4', text: 'café mañana', timestamp: at(4), chatId: beto, sender: beto })
  const search = async (query: string) => {
    const { body } = await api.call('GET', `/v1/sessions/${session}/messages/search?${query}`)
    return { ids: body.data.map((one: any) => one.messageId), cursor: body.nextCursor, first: body.data[0] }
  }
  const words = `q=${encodeURIComponent('Cafe MANANA')}`
  expect((await search(words)).ids).toEqual(['S4', 'S2', 'S1'])
  expect((await search(`${words}&chatId=${ana}`)).ids).toEqual(['S2', 'S1'])
  expect((await search(`${words}&sender=${beto}`)).ids).toEqual(['S4'])
  expect((await search('q=cafe&sender=me')).ids).toEqual(['S3'])
  expect((await search(`q=cafe&from=${at(1).toISOString()}&to=${at(4).toISOString()}`)).ids).toEqual(['S3', 'S2'])
  expect((await search('q=cafe&type=poll')).ids).toEqual([])
  const first = await search(`${words}&limit=2`)
  expect((await search(`${words}&limit=2&cursor=${first.cursor}`)).ids).toEqual(['S1'])
  expect(first.first, 'how it is found is ours').not.toHaveProperty('tokens')
})

test('a search follows edits and revokes; one without a word is refused', async () => {
  const row = await received({ text: 'first words' })
  const path = `/v1/sessions/${session}/messages/search?q=`
  await api.store.messages.edit(row._id, 'second thoughts', new Date())
  expect((await api.call('GET', `${path}first`)).body.data).toEqual([])
  expect((await api.call('GET', `${path}second`)).body.data).toHaveLength(1)
  await api.store.messages.revoke(row._id, new Date())
  expect((await api.call('GET', `${path}second`)).body.data).toEqual([])
  expect(await api.call('GET', `${path}${encodeURIComponent('$.*')}`)).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'q' }] },
  })
})
