import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../scripts/testing/mongo.ts'
import { hashText } from './cipher.ts'

let opened: TestStore
let client: MongoClient
beforeAll(async () => {
  opened = await openTestStore()
  client = await MongoClient.connect(opened.uri)
})
afterAll(async () => {
  await client.close()
  await opened.close()
})

test('a ticket opens one socket, also when a hundred ask with it at once', async () => {
  const { tickets } = opened.store
  const { ticket } = await tickets.issue('key')
  const answers = await Promise.all(Array.from({ length: 100 }, () => tickets.redeem(ticket)))
  expect(answers.filter((keyId) => keyId !== undefined)).toEqual(['key'])
})

test('an expired ticket opens nothing, before the server removes it', async () => {
  const { tickets } = opened.store
  const { ticket } = await tickets.issue('key')
  const rows = client.db(opened.dbName).collection<{ _id: string }>('tickets')
  await rows.updateOne({ _id: hashText(ticket) }, [{ $set: { expiresAt: { $subtract: ['$$NOW', 1] } } }])
  expect(await tickets.redeem(ticket)).toBeUndefined()
})

test('neither tickets nor keys stand in the database as they were given out', async () => {
  const { tickets, apiKeys } = opened.store
  const { ticket } = await tickets.issue('key')
  const { token } = await apiKeys.create({ name: 'n', scopes: ['*'] }, 'me')
  const db = client.db(opened.dbName)
  const stored = [await db.collection('tickets').find().toArray(), await db.collection('apiKeys').find().toArray()]
  expect(JSON.stringify(stored)).not.toContain(ticket)
  expect(JSON.stringify(stored)).not.toContain(token)
})

test('the administrator’s key given in the settings is one key, whoever starts at once', async () => {
  const { apiKeys } = opened.store
  await Promise.all(Array.from({ length: 20 }, () => apiKeys.ensureAdmin('a token long enough to be one')))
  expect(await apiKeys.byToken('a token long enough to be one')).toMatchObject({ scopes: ['*'] })
  const { data } = await apiKeys.page(100, undefined)
  expect(data.filter(({ name }) => name === 'administrator')).toHaveLength(1)
})

test('the first key is one, and told to one, whoever starts at once on an empty database, thirty times', async () => {
  const { apiKeys } = opened.store
  const rows = client.db(opened.dbName).collection('apiKeys')
  for (let round = 0; round < 30; round += 1) {
    await rows.deleteMany({})
    const told = (await Promise.all(Array.from({ length: 10 }, () => apiKeys.createFirst()))).filter(Boolean)
    expect([told.length, await rows.countDocuments()]).toEqual([1, 1])
    expect(await apiKeys.byToken(told[0] ?? '')).toMatchObject({ scopes: ['*'] })
    expect(await apiKeys.createFirst()).toBeUndefined()
  }
})

test('a key revoked twice keeps the first time', async () => {
  const { apiKeys } = opened.store
  const { key } = await apiKeys.create({ name: 'n', scopes: ['*'] }, 'me')
  const first = await apiKeys.revoke(key._id)
  expect(first?.revokedAt).toBeInstanceOf(Date)
  expect((await apiKeys.revoke(key._id))?.revokedAt).toEqual(first?.revokedAt)
  expect(await apiKeys.revoke('unknown')).toBeNull()
})

test('tokens are lent up to the limit and no further, however many borrow at once', async () => {
  const { rateLimits } = opened.store
  const ends = new Date(Date.now() + 60_000)
  const lent = await Promise.all(Array.from({ length: 30 }, () => rateLimits.borrow('window', 7, 100, ends)))
  expect(lent.reduce((sum, block) => sum + block, 0)).toBe(100)
})
