import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../scripts/testing/mongo.ts'
import { toMessageKey, type Message } from '../model/message.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

const [phone, lid] = ['5491155550000@s.whatsapp.net', '77@lid']
const row = (chatId: string, sender: string, messageId: string, second: number): Message => ({
  _id: toMessageKey('s', chatId, sender, messageId),
  sessionId: 's',
  chatId,
  messageId,
  sender,
  fromMe: sender === 'me',
  type: 'text',
  text: messageId,
  timestamp: new Date(second * 1000),
  statusTimes: {},
  reactions: [],
  createdAt: new Date(),
})

test.each([
  [true, true, true],
  [true, false, true],
  [false, true, true],
  [false, false, false],
  // A row of an earlier version says nothing; its messages move, and are asked.
  [true, undefined, true],
  [false, undefined, undefined],
  [undefined, true, true],
  [undefined, false, undefined],
])('of two chats, heard %s and %s, one becomes that is heard: %s', async (kept, other, expected) => {
  const { chats } = opened.store
  const sessionId = `heard-${String(kept)}-${String(other)}`
  await chats.resolveOrCreate(sessionId, [phone], new Date(1_000))
  await chats.resolveOrCreate(sessionId, [lid], new Date(2_000))
  const client = await MongoClient.connect(opened.uri)
  for (const [jid, heard] of [
    [phone, kept],
    [lid, other],
  ] as const)
    await client
      .db(opened.dbName)
      .collection<{ _id: string }>('chats')
      .updateOne({ _id: `${sessionId}/${jid}` }, heard === undefined ? { $unset: { heard: '' } } : { $set: { heard } })
  await client.close()
  const { heard } = await chats.resolveOrCreate(sessionId, [lid, phone], new Date(3_000))
  expect(heard).toBe(expected)
  expect((await chats.resolve(sessionId, [lid]))?.heard).toBe(expected)
})

test('a chat by phone number and one by LID that are one person become one, with every message once', async () => {
  const { chats, messages } = opened.store
  await chats.resolveOrCreate('s', [phone], new Date(1_000))
  await chats.resolveOrCreate('s', [lid], new Date(2_000))
  await messages.insert([row(phone, 'me', 'A', 1), row(lid, lid, 'B', 2), row(lid, 'me', 'C', 3)])
  await chats.touch('s', lid, {
    unread: 3,
    lastMessage: { messageId: 'C', type: 'text', fromMe: true, at: new Date(3_000) },
  })
  // The mapping becomes known; twenty facts learn of it at once.
  const found = await Promise.all(
    Array.from({ length: 20 }, () => chats.resolveOrCreate('s', [lid, phone], new Date(4_000))),
  )
  expect(new Set(found.map((chat) => chat.chatId)), 'the first form seen, for ever').toEqual(new Set([phone]))
  const page = await messages.page('s', phone, { limit: 10 })
  expect(page.data.map((one) => [one.messageId, one.sender])).toEqual([
    ['C', 'me'],
    ['B', phone],
    ['A', 'me'],
  ])
  expect((await messages.page('s', lid, { limit: 10 })).data).toEqual([])
  const chat = await chats.resolve('s', [lid])
  expect(chat).toMatchObject({ chatId: phone, lastMessage: { messageId: 'C' } })
  expect((await chats.page('s', { limit: 10 })).data).toHaveLength(1)
})
