import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient, type ChangeStream, type Collection, type Db } from 'mongodb'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openEmbedded } from './embedded-server.ts'
import { isEmbedded, openForTest, type TestMongo } from './open-for-test.ts'

// oxlint-disable-next-line typescript/no-explicit-any
type Any = any

let mongo: TestMongo
let db: Db
let things: Collection<Any>

beforeAll(async () => {
  mongo = await openForTest()
})
afterAll(() => mongo.close())
beforeEach(async () => {
  db = mongo.database()
  things = db.collection('things')
  await things.createIndex({ n: 1 })
})

const brief = { maxAwaitTimeMS: 20 }

/** A stream that is open on the server, so that everything written from now on is in it. */
async function opened(stream: ChangeStream<Any, Any>): Promise<ChangeStream<Any, Any>> {
  await stream.tryNext()
  return stream
}

async function take(stream: ChangeStream<Any, Any>, count: number): Promise<Any[]> {
  const events: Any[] = []
  while (events.length < count) events.push(await stream.next())
  return events
}

test('20 change streams see 5,000 inserts each once, in order', async () => {
  const streams = await Promise.all(
    Array.from({ length: 20 }, () => opened(things.watch([{ $match: { operationType: 'insert' } }]))),
  )
  const reading = streams.map(async (stream) =>
    (await take(stream, 5000)).map((event) => event.fullDocument.n as number),
  )
  const expected = Array.from({ length: 5000 }, (_, n) => n)
  for (let n = 0; n < 5000; n += 250) await things.insertMany(expected.slice(n, n + 250).map((value) => ({ n: value })))
  for (const seen of await Promise.all(reading)) expect(seen).toEqual(expected)
  await Promise.all(streams.map((stream) => stream.close()))
}, 60_000)

test('every kind of change is told, with what changed', async () => {
  const stream = await opened(db.watch([], { ...brief, fullDocument: 'updateLookup' }))
  await things.insertOne({ _id: 1, a: { b: 1, c: 2 }, list: [1, 2], gone: 1 })
  await things.updateOne({ _id: 1 }, { $set: { 'a.b': 5 }, $unset: { gone: '' }, $push: { list: 3 as Any } })
  await things.replaceOne({ _id: 1 }, { fresh: true })
  await things.deleteOne({ _id: 1 })
  const [insert, update, replace, remove] = await take(stream, 4)
  expect(insert).toMatchObject({
    operationType: 'insert',
    ns: { db: db.databaseName, coll: 'things' },
    documentKey: { _id: 1 },
    fullDocument: { gone: 1 },
  })
  expect(update).toMatchObject({
    operationType: 'update',
    updateDescription: { updatedFields: { 'a.b': 5, 'list.2': 3 }, removedFields: ['gone'], truncatedArrays: [] },
  })
  expect(update.fullDocument).toBeNull()
  expect(replace).toMatchObject({ operationType: 'replace', fullDocument: { _id: 1, fresh: true } })
  expect(remove).toMatchObject({ operationType: 'delete', documentKey: { _id: 1 } })
  expect(insert.clusterTime.comp(remove.clusterTime)).toBeLessThan(0)
  await stream.close()
})

test('a filter, a projection and a whole-cluster stream see what they ask for', async () => {
  const filtered = await opened(
    db.watch([
      { $match: { 'ns.coll': { $in: ['things'] }, 'fullDocument.n': { $gt: 1 } } },
      { $project: { operationType: 1, 'fullDocument.n': 1 } },
    ]),
  )
  const cluster = await opened(mongo.client.watch([{ $match: { 'ns.db': db.databaseName } }], brief))
  await db.collection('other').insertOne({ n: 7 })
  await things.insertMany([
    { _id: 1, n: 1 },
    { _id: 2, n: 2 },
  ])
  expect(await filtered.next()).toEqual({ _id: expect.anything(), operationType: 'insert', fullDocument: { n: 2 } })
  expect((await take(cluster, 3)).map((event) => event.ns.coll)).toEqual(['other', 'things', 'things'])
  await filtered.close()
  await cluster.close()
})

test('a stream resumes after an event, after its own silence, and from a time', async () => {
  const session = mongo.client.startSession()
  const stream = await opened(things.watch([], brief))
  await things.insertOne({ n: 1 }, { session })
  const first = await stream.next()
  const from = first.clusterTime
  await things.insertMany([{ n: 2 }, { n: 3 }])
  await stream.close()
  const resumed = things.watch([], { ...brief, resumeAfter: first._id })
  expect((await take(resumed, 2)).map((event) => event.fullDocument.n)).toEqual([2, 3])
  expect(await resumed.tryNext()).toBeNull()
  const silent = resumed.resumeToken
  await resumed.close()
  await things.insertOne({ n: 4 })
  const later = things.watch<Any, Any>([], { startAfter: silent })
  expect((await later.next()).fullDocument.n).toBe(4)
  await later.close()
  const timed = things.watch([], { startAtOperationTime: from })
  expect((await take(timed, 4)).map((event) => event.fullDocument.n)).toEqual([1, 2, 3, 4])
  await timed.close()
  await session.endSession()
  await expect(things.watch([], { resumeAfter: { _data: 'nonsense' } }).next()).rejects.toThrow()
})

test('a waiting stream is woken by the write it waits for', async () => {
  const stream = await opened(things.watch([], { maxAwaitTimeMS: 5_000 }))
  const next = stream.next()
  const startedAt = performance.now()
  await things.insertOne({ n: 1 })
  await next
  expect(performance.now() - startedAt, 'not at the end of its wait').toBeLessThan(4_000)
  await stream.close()
})

test('dropping the collection tells the drop, then invalidates', async () => {
  const stream = await opened(things.watch([], brief))
  const wide = await opened(db.watch([], brief))
  await things.drop()
  const [drop, invalidate] = await take(stream, 2)
  expect([drop.operationType, invalidate.operationType]).toEqual(['drop', 'invalidate'])
  await expect(things.watch([], { resumeAfter: invalidate._id }).next()).rejects.toMatchObject({ code: 260 })
  await things.insertOne({ n: 1 })
  const again = things.watch([], { startAfter: invalidate._id })
  expect((await again.next()).operationType).toBe('insert')
  expect((await take(wide, 2)).map((event) => event.operationType)).toEqual(['drop', 'insert'])
  await Promise.all([again.close(), wide.close(), stream.close()])
})

test('a transaction’s changes come together, at its commit and with one time', async () => {
  const stream = await opened(things.watch([], brief))
  await mongo.client.withSession((session) =>
    session.withTransaction(async () => {
      await things.insertOne({ _id: 1, n: 1 }, { session })
      await things.updateOne({ _id: 1 }, { $set: { n: 2 } }, { session })
    }),
  )
  const [insert, update] = await take(stream, 2)
  expect([insert.operationType, update.operationType]).toEqual(['insert', 'update'])
  expect(insert.clusterTime).toEqual(update.clusterTime)
  expect(insert.txnNumber).toBeDefined()
  await stream.close()
})

test('what a TTL index expires is told as a delete', { timeout: 90_000 }, async () => {
  await things.createIndex({ at: 1 }, { expireAfterSeconds: 0 })
  const stream = await opened(things.watch([{ $match: { operationType: 'delete' } }], brief))
  await things.insertMany([
    { _id: 'old', at: new Date(Date.now() - 1000) },
    { _id: 'kept', at: new Date(Date.now() + 3_600_000) },
    { _id: 'never', at: 'text' },
  ])
  expect(await stream.next()).toMatchObject({ documentKey: { _id: 'old' } })
  expect(await things.countDocuments()).toBe(2)
  await stream.close()
})

describe.runIf(isEmbedded)('the embedded history', () => {
  test('outlives a restart', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'embedded-mongo-'))
    const before = await openEmbedded({ dataDir })
    const client = await MongoClient.connect(before.uri)
    const stream = await opened(client.db('d').collection('c').watch([], brief))
    await client
      .db('d')
      .collection('c')
      .insertMany([{ n: 1 }, { n: 2 }])
    const { _id } = await stream.next()
    await client.close()
    await before.close()
    const after = await openEmbedded({ dataDir })
    const again = await MongoClient.connect(after.uri)
    const resumed = again.db('d').collection('c').watch<Any, Any>([], { resumeAfter: _id })
    expect((await resumed.next()).fullDocument.n).toBe(2)
    await again.close()
    await after.close()
    rmSync(dataDir, { recursive: true })
  })

  test('is bounded: a place that is gone is ChangeStreamHistoryLost', async () => {
    const small = await openForTest({ historyBounds: { maxEntries: 50, maxBytes: 1_000_000 } })
    const collection = small.database().collection<Any>('c')
    const stream = await opened(collection.watch([], brief))
    await collection.insertOne({ n: 0 })
    const { _id } = await stream.next()
    await stream.close()
    for (let n = 0; n < 6; n++) await collection.insertMany(Array.from({ length: 60 }, () => ({ n })))
    await expect(collection.watch([], { resumeAfter: _id }).next()).rejects.toMatchObject({
      code: 286,
      codeName: 'ChangeStreamHistoryLost',
    })
    await small.close()
  })
})
