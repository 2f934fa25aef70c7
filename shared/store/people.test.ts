// Chats and contacts: one person, one conversation, whichever address comes first.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../scripts/testing/mongo.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

const at = (ms: number) => new Date(1_000_000 + ms)
const lid = '777@lid'
const phone = '5491155550000@s.whatsapp.net'
const last = (messageId: string, ms: number) => ({ messageId, type: 'text', fromMe: false, at: at(ms) })

test('an older message never takes the newer one’s place in its chat, a hundred times at once', async () => {
  const { chats } = opened.store
  await chats.resolveOrCreate('order', [lid], at(0))
  await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      chats.touch('order', lid, { lastMessage: last(`m${(i * 37) % 100}`, (i * 37) % 100), unread: 1 }),
    ),
  )
  const chat = await chats.resolve('order', [lid])
  expect(chat?.lastMessage?.messageId).toBe('m99')
  expect(chat?.lastActivity).toEqual(at(99))
  expect(chat?.unreadCount).toBe(100)
})

test('a chat keeps the id it was first seen by, and every address finds it, also when all come at once', async () => {
  const { chats } = opened.store
  await chats.resolveOrCreate('alias', [lid], at(0))
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => chats.resolveOrCreate('alias', [phone, lid], at(1))),
  )
  expect(new Set(answers.map((chat) => chat.chatId))).toEqual(new Set([lid]))
  expect(await chats.resolve('alias', [phone])).toMatchObject({ chatId: lid, phone: '5491155550000' })
  expect(await chats.count('alias')).toBe(1)
  await Promise.all(Array.from({ length: 20 }, () => chats.resolveOrCreate('fresh', [phone], at(0))))
  expect(await chats.count('fresh')).toBe(1)
})

test('a name that looks like an operator is a name', async () => {
  const { chats } = opened.store
  await chats.resolveOrCreate('names', [lid], at(0))
  await chats.touch('names', lid, { name: '$unreadCount', lastMessage: { ...last('m', 1), text: '$$ROOT' } })
  expect(await chats.resolve('names', [lid])).toMatchObject({ name: '$unreadCount', lastMessage: { text: '$$ROOT' } })
})

test('rows that turn out to be one person are joined, and every address finds what is known', async () => {
  const { contacts } = opened.store
  await contacts.upsert('join', [lid], { notify: 'ana' })
  await contacts.upsert('join', [phone], { name: 'Ana María' })
  await contacts.upsert('join', ['888@lid'], { verifiedName: 'Ana S.A.' })
  const { contact, changed } = await contacts.upsert('join', [phone, lid, '888@lid'], {})
  expect(changed).toBe(true)
  expect(contact).toMatchObject({
    contactId: lid,
    lid,
    phone: '5491155550000',
    name: 'Ana María',
    notify: 'ana',
    verifiedName: 'Ana S.A.',
    sortName: 'ana maría',
  })
  for (const jid of [lid, phone, '888@lid']) expect((await contacts.resolve('join', [jid]))?.contactId, jid).toBe(lid)
  expect((await contacts.page('join', { limit: 10 })).data).toHaveLength(1)
  expect((await contacts.upsert('join', [lid], { notify: 'ana' })).changed, 'nothing new, nothing told').toBe(false)
})

test('a contact is one row, also when it is seen by many at once', async () => {
  const { contacts } = opened.store
  await Promise.all(Array.from({ length: 30 }, () => contacts.upsert('many', [lid, phone], { notify: 'x' })))
  expect((await contacts.page('many', { limit: 10 })).data).toHaveLength(1)
})

test('a list is walked by its cursor, each row once, pinned and ties included', async () => {
  const { chats, contacts } = opened.store
  const ids = Array.from({ length: 23 }, (_, i) => `${1000 + i}@lid`)
  for (const [i, id] of ids.entries()) {
    await chats.resolveOrCreate('walk', [id], at(Math.floor(i / 5)))
    if (i % 4 === 0) await chats.describe('walk', id, { pinned: 1 })
    await contacts.upsert('walk', [id], { name: `n${Math.floor(i / 5)}` })
  }
  const walk = async (page: (cursor?: string) => Promise<{ data: { _id: string }[]; nextCursor: string | null }>) => {
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const { data, nextCursor } = await page(cursor)
      seen.push(...data.map((row) => row._id))
      cursor = nextCursor ?? undefined
    } while (cursor)
    return seen
  }
  const expected = new Set(ids.map((id) => `walk/${id}`))
  const byChat = await walk((cursor) => chats.page('walk', { limit: 3, cursor }))
  expect(byChat).toHaveLength(23)
  expect(new Set(byChat)).toEqual(expected)
  const byName = await walk((cursor) => contacts.page('walk', { limit: 3, cursor }))
  expect(byName).toHaveLength(23)
  expect(new Set(byName)).toEqual(expected)
})
