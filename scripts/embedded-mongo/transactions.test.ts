import { createConnection } from 'node:net'
import { Long, MongoClient, UUID, type ClientSession, type Collection } from 'mongodb'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isEmbedded, openForTest, type TestMongo } from './open-for-test.ts'
import { encode } from './values.ts'

// oxlint-disable-next-line typescript/no-explicit-any
type Any = any

let mongo: TestMongo
let things: Collection<Any>

beforeAll(async () => {
  mongo = await openForTest({ transactionLifetimeMs: 500 })
})
afterAll(() => mongo.close())
beforeEach(async () => {
  things = mongo.database().collection('things')
  await things.createIndex({ key: 1 }, { unique: true, sparse: true })
  await things.insertMany([
    { _id: 1, n: 1 },
    { _id: 2, n: 2 },
  ])
})

async function inTransaction<T>(run: (session: ClientSession) => Promise<T>): Promise<T> {
  return mongo.client.withSession(async (session) => {
    session.startTransaction()
    return run(session)
  })
}

test('a transaction reads its own writes, and nobody else does before the commit', async () => {
  await inTransaction(async (session) => {
    await things.insertOne({ _id: 3, n: 3 }, { session })
    await things.updateOne({ _id: 1 }, { $inc: { n: 10 } }, { session })
    await things.deleteOne({ _id: 2 }, { session })
    expect((await things.find({}, { session }).sort({ n: -1 }).toArray()).map((doc) => doc._id)).toEqual([1, 3])
    expect(await things.countDocuments({}, { session })).toBe(2)
    expect(await things.find().sort({ _id: 1 }).toArray()).toEqual([
      { _id: 1, n: 1 },
      { _id: 2, n: 2 },
    ])
    await session.commitTransaction()
  })
  expect(await things.find().sort({ _id: 1 }).toArray()).toEqual([
    { _id: 1, n: 11 },
    { _id: 3, n: 3 },
  ])
})

test('an aborted transaction leaves nothing', async () => {
  await inTransaction(async (session) => {
    await things.insertOne({ _id: 3, key: 'x' }, { session })
    await session.abortTransaction()
  })
  expect(await things.findOne({ _id: 3 })).toBeNull()
  await things.insertOne({ _id: 4, key: 'x' })
})

test('it reads from one moment', async () => {
  await inTransaction(async (session) => {
    expect(await things.findOne({ _id: 1 }, { session })).toMatchObject({ n: 1 })
    await things.updateOne({ _id: 1 }, { $set: { n: 50 } })
    await things.insertOne({ _id: 9, n: 9 })
    expect(await things.findOne({ _id: 1 }, { session })).toMatchObject({ n: 1 })
    expect(await things.findOne({ _id: 9 }, { session })).toBeNull()
    await session.abortTransaction()
  })
})

test('of two transactions on one document the second gives way with TransientTransactionError', async () => {
  await inTransaction(async (first) => {
    await things.updateOne({ _id: 1 }, { $set: { n: 100 } }, { session: first })
    await inTransaction(async (second) => {
      const conflict = await things
        .updateOne({ _id: 1 }, { $set: { n: 200 } }, { session: second })
        .catch((error: unknown) => error as Any)
      expect(conflict).toMatchObject({ code: 112, codeName: 'WriteConflict' })
      expect(conflict.hasErrorLabel('TransientTransactionError')).toBe(true)
      await second.abortTransaction()
    })
    await first.commitTransaction()
  })
  expect(await things.findOne({ _id: 1 })).toMatchObject({ n: 100 })
})

test('a document changed since the transaction’s moment is a conflict', async () => {
  await inTransaction(async (session) => {
    await things.findOne({ _id: 1 }, { session })
    await things.updateOne({ _id: 1 }, { $set: { n: 7 } })
    await expect(things.updateOne({ _id: 1 }, { $inc: { n: 1 } }, { session })).rejects.toMatchObject({ code: 112 })
    await session.abortTransaction()
  })
})

test('a write outside waits for the transaction that holds its document', async () => {
  let waited: Promise<unknown> | undefined
  await inTransaction(async (session) => {
    await things.updateOne({ _id: 1 }, { $inc: { n: 10 } }, { session })
    waited = things.updateOne({ _id: 1 }, { $inc: { n: 100 } })
    await things.findOne({ _id: 2 })
    await session.commitTransaction()
  })
  await waited
  expect(await things.findOne({ _id: 1 })).toMatchObject({ n: 111 })
})

test('a duplicate key inside a transaction is E11000', async () => {
  await things.insertOne({ _id: 5, key: 'taken' })
  await inTransaction(async (session) => {
    await expect(things.insertOne({ _id: 6, key: 'taken' }, { session })).rejects.toMatchObject({ code: 11000 })
    await session.abortTransaction()
  })
  await inTransaction(async (session) => {
    await things.deleteOne({ _id: 5 }, { session })
    await things.insertOne({ _id: 6, key: 'taken' }, { session })
    await session.commitTransaction()
  })
  expect(await things.findOne({ key: 'taken' })).toMatchObject({ _id: 6 })
})

test('10 parallel withTransaction increments all count', async () => {
  await Promise.all(
    Array.from({ length: 10 }, () =>
      mongo.client.withSession((session) =>
        session.withTransaction(async () => {
          const { n } = (await things.findOne({ _id: 1 }, { session }))!
          await things.updateOne({ _id: 1 }, { $set: { n: n + 1 } }, { session })
        }),
      ),
    ),
  )
  expect(await things.findOne({ _id: 1 })).toMatchObject({ n: 11 })
})

test('a commit sent twice answers twice', async () => {
  await inTransaction(async (session) => {
    await things.insertOne({ _id: 3 }, { session })
    await session.commitTransaction()
    await session.commitTransaction()
  })
  expect(await things.countDocuments({ _id: 3 })).toBe(1)
})

describe.runIf(isEmbedded)('an embedded transaction nobody ends', () => {
  test('is aborted when its time is over, and says NoSuchTransaction', async () => {
    await inTransaction(async (session) => {
      await things.updateOne({ _id: 1 }, { $set: { n: 99 } }, { session })
      // Waits for exactly as long as the transaction holds the document.
      await things.updateOne({ _id: 1 }, { $inc: { n: 1 } })
      await expect(things.findOne({ _id: 1 }, { session })).rejects.toMatchObject({
        code: 251,
        codeName: 'NoSuchTransaction',
      })
    })
    expect(await things.findOne({ _id: 1 })).toMatchObject({ n: 2 })
  })

  test('is aborted when its connection goes away', async () => {
    const url = new URL(mongo.uri)
    const socket = createConnection(Number(url.port), url.hostname)
    const command = encode({
      update: things.collectionName,
      updates: [{ q: { _id: 1 }, u: { $set: { n: 99 } } }],
      $db: things.dbName,
      lsid: { id: new UUID() },
      txnNumber: Long.fromNumber(1),
      startTransaction: true,
      autocommit: false,
    })
    const header = Buffer.alloc(21)
    header.writeInt32LE(header.length + command.length, 0)
    header.writeInt32LE(2013, 12)
    socket.write(Buffer.concat([header, command]))
    await new Promise((resolve) => socket.once('data', resolve))
    const waiting = things.updateOne({ _id: 1 }, { $inc: { n: 1 } })
    socket.destroy()
    await waiting
    expect(await things.findOne({ _id: 1 })).toMatchObject({ n: 2 })
  })

  test('is aborted when its session ends', async () => {
    const client = await MongoClient.connect(mongo.uri)
    const session = client.startSession()
    session.startTransaction()
    await client
      .db(things.dbName)
      .collection<Any>('things')
      .updateOne({ _id: 1 }, { $set: { n: 5 } }, { session })
    await client.close()
    await things.updateOne({ _id: 1 }, { $inc: { n: 1 } })
    expect(await things.findOne({ _id: 1 })).toMatchObject({ n: 2 })
  })
})
