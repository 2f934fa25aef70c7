import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../scripts/testing/mongo.ts'
import { deleteSession } from './delete-session.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

test('a session made again under an old id is held at once, however many owners the old one had', async () => {
  const { store } = opened
  const create = async () => {
    await store.sessions.create('again', {})
    await store.leases.create('again')
  }
  await create()
  let epoch = 0
  for (let owner = 1; owner <= 5; owner += 1) {
    const claim = await store.leases.claim('again', `owner-${owner}`, 60_000)
    epoch = claim.outcome === 'claimed' ? claim.epoch : -1
    await store.auth.fence('again', epoch, `fence/${epoch}`)
    if (owner < 5) await store.leases.release('again', `owner-${owner}`, epoch)
  }
  await deleteSession(store, 'again')
  await create()
  const claim = await store.leases.claim('again', 'the new one', 60_000)
  expect(claim.outcome).toBe('claimed')
  const now = claim.outcome === 'claimed' ? claim.epoch : -1
  expect(now, 'epochs never go back').toBeGreaterThan(epoch)
  await store.auth.fence('again', now, `fence/${now}`)
})

test('nothing that is kept by session outlives it, in whichever collection', async () => {
  const client = new MongoClient(opened.uri)
  const db = client.db(opened.dbName)
  const rows = { _id: 'gone/1' as never, sessionId: 'gone' }
  const owned: string[] = []
  for (const { name } of await db.listCollections().toArray()) {
    const indexes = await db.collection(name).indexes()
    if (!indexes.some(({ key }) => Object.keys(key)[0] === 'sessionId')) continue
    owned.push(name)
    await db.collection(name).insertOne({ ...rows })
  }
  expect(owned).toContain('messages')
  await deleteSession(opened.store, 'gone')
  const left: string[] = []
  for (const name of owned) if (await db.collection(name).findOne({ sessionId: 'gone' })) left.push(name)
  await client.close()
  expect(left).toEqual([])
})
