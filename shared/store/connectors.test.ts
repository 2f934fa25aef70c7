import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../scripts/testing/mongo.ts'

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

const report = { capacity: 5, sessions: 2, rssMb: 90, version: '$startedAt', silentAfterMs: 60_000, drain: null }
const age = (id: string, ms: number) =>
  client
    .db(opened.dbName)
    .collection<{ _id: string }>('connectors')
    .updateOne({ _id: id }, [{ $set: { heartbeatAt: { $subtract: ['$$NOW', ms] } } }])

test('a heartbeat leaves the wish as it is, whenever it comes', async () => {
  const { connectors } = opened.store
  await connectors.report('a', report)
  expect(await connectors.wishDrain('a', true)).toMatchObject({ draining: true })
  // It knew of no wish when it was sent.
  const known = { startedAt: new Date(0), draining: false }
  expect(await connectors.report('a', report, known)).toMatchObject({ draining: true })
  expect(await connectors.read('a')).toMatchObject({ ...report, draining: true, isSilent: false })
  await connectors.wishDrain('a', false)
  expect(await connectors.report('a', report, { ...known, draining: true })).toMatchObject({ draining: false })
})

test('a document that expired while its process was frozen comes back with the wish and the start it knew', async () => {
  const { connectors } = opened.store
  const { startedAt } = await connectors.report('b', report)
  await connectors.wishDrain('b', true)
  const known = await connectors.report('b', report, { startedAt, draining: false })
  await connectors.remove('b')
  await connectors.report('b', report, known)
  expect(await connectors.read('b')).toMatchObject({ startedAt, draining: true })
})

test('the wish is for one process only, and asking one that is gone makes none', async () => {
  const { connectors } = opened.store
  expect(await connectors.wishDrain('gone', true)).toBeNull()
  expect(await connectors.read('gone')).toBeNull()
})

test('who is silent is reckoned by the server, by each process’s own bound', async () => {
  const { connectors } = opened.store
  await connectors.report('quick', { ...report, silentAfterMs: 1_000 })
  await connectors.report('slow', { ...report, silentAfterMs: 60_000 })
  for (const id of ['quick', 'slow']) await age(id, 30_000)
  expect((await connectors.read('quick'))?.isSilent).toBe(true)
  expect((await connectors.read('slow'))?.isSilent).toBe(false)
  const awake = (await connectors.awake()).map((one) => one._id)
  expect([awake.includes('quick'), awake.includes('slow')]).toEqual([false, true])
})

test('a drain that is asked for anew begins without the report of an earlier one; asked twice it goes on', async () => {
  const { connectors } = opened.store
  await connectors.report('c', report)
  await connectors.wishDrain('c', true)
  await connectors.report('c', { ...report, drain: { state: 'waiting', reason: 'no_room' } })
  await connectors.report('c', { ...report, drain: { state: 'done' } })
  expect((await connectors.wishDrain('c', true))?.drain, 'nothing is left of what was said before').toEqual({
    state: 'done',
  })
  await connectors.wishDrain('c', false)
  expect(await connectors.wishDrain('c', true)).toMatchObject({ drain: null })
})
