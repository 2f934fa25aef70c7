import { MongoClient } from 'mongodb'
import { afterEach, expect, test } from 'vitest'
import { openTestStore, testSecret, type TestStore } from '../../scripts/testing/mongo.ts'
import { formatCursor } from '../model/page.ts'
import { Problem } from '../model/problem.ts'
import { openStore } from './open-store.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
function closed<T extends { close(): Promise<unknown> }>(opened: T): T {
  closing.push(() => opened.close())
  return opened
}
const codeOf = (error: unknown) => (error instanceof Problem ? error.code : error)

test('another retention is taken over by a database that stands, its events kept', async () => {
  const { uri, dbName, store } = closed(await openTestStore({ eventRetentionDays: 30 }))
  await store.events.appendOnce('s', [{ type: 'session.updated', data: {} }])
  const client = closed(await MongoClient.connect(uri))
  const retention = async () =>
    (await client.db(dbName).collection('events').indexes()).find(({ name }) => name === 'retention')?.[
      'expireAfterSeconds'
    ]
  for (const days of [7, 90, 90]) {
    await (await openStore({ uri, dbName, secretKey: testSecret, eventRetentionDays: days })).close()
    expect(await retention()).toBe(days * 86_400)
  }
  expect(await store.events.headOf('s')).toBe(1)
  const names = (await client.db(dbName).collection('events').indexes()).map(({ name }) => name)
  expect(names, 'the other indexes stand').toEqual(expect.arrayContaining(['place', 'fact', 'fence']))
})

test('ten processes that open an empty database at once all get it', async () => {
  const first = closed(await openTestStore())
  const dbName = `${first.dbName}_together`
  const client = closed(await MongoClient.connect(first.uri))
  closing.push(() => client.db(dbName).dropDatabase())
  const stores = await Promise.all(
    Array.from({ length: 10 }, () => openStore({ uri: first.uri, dbName, secretKey: testSecret })),
  )
  for (const store of stores) await store.close()
})

test('another secret is refused before anything is written; the former one is still read', async () => {
  const { uri, dbName, store } = closed(await openTestStore())
  const n = await store.auth.fence('s', 1, 'f')
  await store.auth.append('s', n, 1, 'c', Buffer.from('sealed'))
  const other = Buffer.alloc(32, 9).toString('base64')
  expect(await openStore({ uri, dbName, secretKey: other }).catch(codeOf)).toBe('secret.mismatch')
  const changed = closed(await openStore({ uri, dbName, secretKey: other, secretKeyPrevious: testSecret }))
  const { commits } = await changed.auth.load('s', n + 1, [])
  expect(commits.map((commit) => Buffer.from(commit).toString())).toEqual(['sealed'])
})

test.each(['w=1', 'w=0', 'journal=false', 'readConcernLevel=local', 'retryWrites=false'])(
  'a URI that asks for %s is refused by name, its password not repeated',
  async (weaker) => {
    const refused = await openStore({ uri: `mongodb://me:hidden@127.0.0.1:1/?${weaker}`, secretKey: testSecret }).catch(
      (error: unknown) => error as Problem,
    )
    expect(refused).toMatchObject({ code: 'store.unsupported' })
    expect(String((refused as Problem).detail)).toContain(weaker)
    expect(JSON.stringify(refused)).not.toContain('hidden')
  },
)

type Lists = Record<string, (store: TestStore['store'], cursor: string) => Promise<unknown>>
const lists: Lists = {
  sessions: ({ sessions }, cursor) => sessions.list(5, cursor, undefined),
  messages: ({ messages }, cursor) => messages.page('s', 'c', { limit: 5, cursor }),
  chats: ({ chats }, cursor) => chats.page('s', { limit: 5, cursor }),
  contacts: ({ contacts }, cursor) => contacts.page('s', { limit: 5, cursor }),
  commands: ({ commands }, cursor) => commands.page('s', { limit: 5, cursor }),
  keys: ({ apiKeys }, cursor) => apiKeys.page(5, cursor),
}
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

test('a cursor that is forged, broken or another list’s is refused everywhere, and carries no operator', async () => {
  const { store } = closed(await openTestStore())
  for (const [list, page] of Object.entries(lists)) {
    const forged = [
      'garbage',
      '',
      '%%%',
      encode(null),
      encode({}),
      encode([list]),
      encode([list, { $gt: '' }, { $gt: '' }]),
      encode([list, { d: { $gt: 0 } }, 'x']),
      encode([list, { d: 0.5 }, 'x']),
      encode([list, { d: 0 }, 'x', 'more', 'still more']),
      encode([list, null, null]),
      encode([list, { $ne: 1 }, { d: 0 }, { $ne: 1 }]),
      formatCursor(list === 'keys' ? 'sessions' : 'keys', [new Date(0), 'x']),
    ]
    for (const cursor of forged)
      expect(await page(store, cursor).catch(codeOf), `${list}: ${cursor}`).toBe('cursor.invalid')
  }
})
