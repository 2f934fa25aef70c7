import { MongoClient, type Db } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../scripts/testing/mongo.ts'
import { toMessageKey, type Message } from '../model/message.ts'
import { moveMessages } from './unify-chats.ts'

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

/** A database where `between` happens each time after messages were copied, before they are taken away. */
function withBetween(db: Db, between: (round: number) => Promise<unknown>): Db {
  let round = 0
  const collection = (name: string) => {
    const rows = db.collection<Message>(name)
    const bulkWrite: typeof rows.bulkWrite = async (operations) => {
      const written = await rows.bulkWrite(operations)
      if (operations.some((one) => 'updateOne' in one)) await between((round += 1))
      return written
    }
    return { find: rows.find.bind(rows), deleteMany: rows.deleteMany.bind(rows), bulkWrite }
  }
  return { collection } as unknown as Db
}

test('what is written into a message between its being copied and its going is in the copy, however often', async () => {
  const { messages } = opened.store
  const key = toMessageKey('s', 'old@lid', 'me', 'M')
  const raw = new Uint8Array([1, 2, 3])
  const media = { kind: 'image' as const, mimetype: 'image/png', size: 3, state: 'stored' as const, fileId: 'f' }
  await messages.insert([{ ...row('old@lid', 'me', 'M', 1), status: 'queued', raw }, row('old@lid', 'me', 'N', 2)])
  const at = new Date(5_000)
  const client = await MongoClient.connect(opened.uri)
  const db = withBetween(client.db(opened.dbName), async (round) => {
    if (round === 1) await messages.setMedia(key, media)
    if (round === 2) await messages.setPreview(key, { url: 'https://example.com', title: 'Example' })
    if (round === 3) await messages.advance(key, 'sent', at)
    if (round === 4) await messages.revoke(key, at)
  })
  await moveMessages(db, 's', 'old@lid', 'new@lid')
  await client.close()
  expect(await messages.read(key)).toBeNull()
  const moved = await messages.read(toMessageKey('s', 'new@lid', 'me', 'M'))
  expect(moved).toMatchObject({ chatId: 'new@lid', status: 'sent', statusTimes: { sent: at }, revokedAt: at })
  expect(Object.keys(moved ?? {}), 'what was taken away is gone').not.toContain('raw')
  expect((await messages.page('s', 'new@lid', { limit: 10 })).data.map(({ messageId }) => messageId)).toEqual([
    'N',
    'M',
  ])
})

test('messages of any content move, and none is lost', async () => {
  const { messages } = opened.store
  const numbers = { width: 0.1, height: -0, size: 5_000_000_000 }
  await messages.insert(
    Array.from({ length: 600 }, (_, i) => ({
      ...row('many@lid', i % 2 ? 'me' : 'many@lid', `$M.${i}`, i),
      raw: new Uint8Array(i),
      text: '$text',
      receipts: { '10': {}, '9': {} },
      media: { kind: 'image' as const, mimetype: 'image/png', state: 'remote' as const, ...numbers },
    })),
  )
  const client = await MongoClient.connect(opened.uri)
  await moveMessages(client.db(opened.dbName), 's', 'many@lid', 'one@lid')
  await client.close()
  expect((await messages.page('s', 'many@lid', { limit: 10 })).data).toEqual([])
  expect((await messages.page('s', 'one@lid', { limit: 700 })).data).toHaveLength(600)
})
