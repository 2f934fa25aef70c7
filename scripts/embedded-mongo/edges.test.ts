// Edges of what the driver specifications promise: the code of every refusal, the shape of every mixed outcome.
import { Long, type Collection, type Db, type Document } from 'mongodb'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openForTest, type TestMongo } from './open-for-test.ts'

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
  await things.insertMany([
    {
      _id: 1,
      text: 'a',
      n: 1,
      list: [1, 2, 3],
      rows: [
        { k: 1, v: 1 },
        { k: 2, v: 2 },
      ],
    },
    { _id: 2, text: 'b', n: 2, list: [5], nothing: null },
    { _id: 3, text: 'c', n: 3 },
  ])
})

const codeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => 'no error',
    (error: Any) => error.code,
  )
const update = (change: Document | Document[], filter: Document = { _id: 1 }, options: Document = {}) =>
  things.updateOne(filter, change, options)

const refused: Record<string, [number, () => Promise<unknown>]> = {
  'a second document under one _id': [11000, () => things.insertOne({ _id: 1 })],
  'another _id by $set': [66, () => update({ $set: { _id: 9 } })],
  'another _id by replacement': [66, () => things.replaceOne({ n: 1 }, { _id: 9 })],
  '$inc of a text': [14, () => update({ $inc: { text: 1 } })],
  '$inc by a text': [14, () => update({ $inc: { n: 'x' } })],
  '$mul of a text': [14, () => update({ $mul: { text: 2 } })],
  '$push to what is no array': [2, () => update({ $push: { n: 1 } })],
  '$addToSet to what is no array': [2, () => update({ $addToSet: { n: 1 } })],
  '$pull from what is no array': [2, () => update({ $pull: { n: 1 } })],
  '$pop of what is no array': [14, () => update({ $pop: { n: 1 } })],
  '$pop by two': [9, () => update({ $pop: { list: 2 } })],
  'two changes of one path': [40, () => update({ $set: { a: 1 }, $inc: { a: 1 } })],
  'a change of a path and of one below it': [40, () => update({ $set: { a: {}, 'a.b': 1 } })],
  'a path below a number': [28, () => update({ $set: { 'n.x': 1 } })],
  'an operator that does not exist': [9, () => update({ $nonsense: { a: 1 } })],
  'the positional operator without a match on an array': [2, () => update({ $set: { 'list.$': 1 } })],
  'the positional operator in an upsert': [2, () => update({ $set: { 'x.$': 1 } }, { _id: 99 }, { upsert: true })],
  'an array filter that is not used': [
    9,
    () => update({ $set: { a: 1 } }, { _id: 1 }, { arrayFilters: [{ 'x.k': 1 }] }),
  ],
  'an identifier without its filter': [2, () => update({ $set: { 'rows.$[x].v': 1 } })],
  'all elements of what is no array': [2, () => update({ $set: { 'n.$[].v': 1 } })],
  '$rename of a path to itself': [2, () => update({ $rename: { n: 'n' } })],
  'a stage that may not change documents': [72, () => update([{ $match: { n: 1 } }])],
  'an expression that does not exist': [168, () => update([{ $set: { a: { $nonsense: 1 } } }])],
  'a filter operator that does not exist': [2, () => things.findOne({ n: { $nonsense: 1 } })],
  'a top-level filter operator that does not exist': [2, () => things.findOne({ $nonsense: [] })],
  '$in without an array': [2, () => things.findOne({ n: { $in: 1 as Any } })],
  '$or of nothing': [2, () => things.findOne({ $or: [] })],
  '$and without an array': [2, () => things.findOne({ $and: {} as Any })],
  'a pattern that is none': [51091, () => things.findOne({ text: { $regex: '(' } })],
  'an exclusion in an inclusion': [31254, () => things.findOne({}, { projection: { a: 1, b: 0 } })],
  'an inclusion in an exclusion': [31253, () => things.findOne({}, { projection: { a: 0, b: 1 } })],
  'a stage that does not exist': [40324, () => things.aggregate([{ $nonsense: {} }]).toArray()],
  'a stage with two names': [40323, () => things.aggregate([{ $match: {}, $limit: 1 }]).toArray()],
  '$limit of nothing': [15958, () => things.aggregate([{ $limit: 0 }]).toArray()],
  '$group without _id': [15955, () => things.aggregate([{ $group: { n: { $sum: 1 } } }]).toArray()],
  'an accumulator that does not exist': [
    15952,
    () => things.aggregate([{ $group: { _id: 1, n: { $nonsense: 1 } } }]).toArray(),
  ],
  'a division by zero': [2, () => things.aggregate([{ $project: { x: { $divide: [1, 0] } } }]).toArray()],
  'a collation that is not simple': [238, () => things.find({}).collation({ locale: 'de' }).toArray()],
  'a hint of no index': [2, () => things.find({}).hint('nonsense').toArray()],
  'a stage that may not stand in a stream': [20, () => things.watch([{ $group: { _id: 1 } }]).tryNext()],
  'a resume token that is none': [9, () => things.watch([], { resumeAfter: { _data: 'zz' } }).tryNext()],
  'a collection that is there': [
    48,
    () =>
      db
        .command({ create: 'things', capped: false, validationLevel: 'off' })
        .then(() => db.command({ create: 'things', viewOn: 'x' })),
  ],
  'a command that does not exist': [59, () => db.command({ nonsense: 1 })],
  'a cursor that does not exist': [43, () => db.command({ getMore: Long.fromNumber(12_345), collection: 'things' })],
  'an index of another key under the same name': [
    86,
    () => things.createIndex({ a: 1 }, { name: 'x' }).then(() => things.createIndex({ b: 1 }, { name: 'x' })),
  ],
  'an index of the same key under another name': [
    85,
    () => things.createIndex({ a: 1 }, { name: 'x' }).then(() => things.createIndex({ a: 1 }, { name: 'y' })),
  ],
  'a unique index over what is there twice': [
    11000,
    () => things.updateMany({}, { $set: { same: 1 } }).then(() => things.createIndex({ same: 1 }, { unique: true })),
  ],
  'an index that is not there': [27, () => things.dropIndex('nonsense')],
  'the index on _id': [72, () => things.dropIndex('_id_')],
  'a rename onto what is there': [48, async () => (await db.createCollection('other'), things.rename('other'))],
}

test.each(Object.entries(refused))('%s is refused by its own code', async (_what, [code, ask]) => {
  expect(await codeOf(ask())).toBe(code)
})

describe('the shape of', () => {
  test('an unordered insert with duplicates: all that could be is there, each failure has its place', async () => {
    const error: Any = await things
      .insertMany([{ _id: 1 }, { _id: 10 }, { _id: 2 }, { _id: 11 }], { ordered: false })
      .catch((thrown: unknown) => thrown)
    expect(error.code).toBe(11000)
    expect(error.result.insertedCount).toBe(2)
    expect(error.writeErrors.map((one: Any) => [one.index, one.code])).toEqual([
      [0, 11000],
      [2, 11000],
    ])
    expect(error.writeErrors[0].err.errmsg).toMatch(
      /^E11000 duplicate key error collection: .*things index: _id_ dup key/,
    )
    expect(await things.countDocuments({ _id: { $gte: 10 } })).toBe(2)
  })

  test('an ordered bulk that fails in the middle: what stood before is done, nothing after', async () => {
    const error: Any = await things
      .bulkWrite([
        { insertOne: { document: { _id: 20 } } },
        { updateMany: { filter: { n: { $gt: 1 } }, update: { $inc: { n: 1 } } } },
        { updateOne: { filter: { _id: 21 }, update: { $set: { a: 1 } }, upsert: true } },
        { insertOne: { document: { _id: 1 } } },
        { deleteMany: { filter: {} } },
      ])
      .catch((thrown: unknown) => thrown)
    expect(error.result).toMatchObject({
      insertedCount: 1,
      matchedCount: 2,
      modifiedCount: 2,
      upsertedCount: 1,
      upsertedIds: { 2: 21 },
      deletedCount: 0,
    })
    expect(error.writeErrors[0].index).toBe(3)
  })

  test('an update that changes nothing, an upsert, and one that finds nothing', async () => {
    expect(await update({ $set: { n: 1 } })).toMatchObject({ matchedCount: 1, modifiedCount: 0, upsertedId: null })
    expect(await update({ $set: { n: 1 } }, { _id: 30, 'a.b': 2 }, { upsert: true })).toMatchObject({
      matchedCount: 0,
      upsertedCount: 1,
      upsertedId: 30,
    })
    expect(await things.findOne({ _id: 30 })).toEqual({ _id: 30, a: { b: 2 }, n: 1 })
    expect(await things.findOneAndUpdate({ _id: 99 }, { $set: { n: 1 } })).toBeNull()
  })

  test('killed cursors', async () => {
    const cursor = things.find({}, { batchSize: 1 })
    await cursor.next()
    const unknown = Long.fromNumber(12_345)
    const killed: Any = await db.command({ killCursors: 'things', cursors: [cursor.id, unknown] })
    expect([killed.cursorsKilled, killed.cursorsNotFound].map(String)).toEqual([String(cursor.id), String(unknown)])
    expect(killed).toMatchObject({ cursorsAlive: [], cursorsUnknown: [], ok: 1 })
    expect(await codeOf(cursor.toArray())).toBe(43)
  })

  test('distinct and count, also of what is not there', async () => {
    expect(await things.distinct('list')).toEqual([1, 2, 3, 5])
    expect(await things.distinct('rows.v', { _id: 1 })).toEqual([1, 2])
    expect(await db.collection('none').distinct('x')).toEqual([])
    expect(await db.command({ count: 'none' })).toMatchObject({ n: 0, ok: 1 })
    expect(await things.countDocuments({}, { skip: 1, limit: 5 })).toBe(2)
  })
})

const found: Record<string, [Document, number[]]> = {
  'null finds null and what is missing': [{ nothing: null }, [1, 2, 3]],
  '$exists tells them apart': [{ nothing: { $exists: true } }, [2]],
  '$ne null finds neither': [{ nothing: { $ne: null } }, []],
  '$type null finds null only': [{ nothing: { $type: 'null' } }, [2]],
  'a value finds an element': [{ list: 2 }, [1]],
  'an array finds itself, in order': [{ list: [1, 2, 3] }, [1]],
  'two sides of a range may be two elements': [{ list: { $gt: 2, $lt: 2 } }, [1]],
  '$elemMatch needs one element for both': [{ list: { $elemMatch: { $gt: 2, $lt: 2 } } }, []],
  '$elemMatch of documents': [{ rows: { $elemMatch: { k: 1, v: 1 } } }, [1]],
  'fields of different elements': [{ 'rows.k': 1, 'rows.v': 2 }, [1]],
  'and of one': [{ rows: { $elemMatch: { k: 1, v: 2 } } }, []],
  $size: [{ list: { $size: 1 } }, [2]],
  'a place in an array': [{ 'list.1': 2 }, [1]],
  '$not of a range finds what is missing': [{ list: { $not: { $gt: 2 } } }, [3]],
  '$nin with null': [{ nothing: { $nin: [null] } }, []],
  'a comparison stays in its type': [{ text: { $gt: 0 } }, []],
}
test.each(Object.entries(found))('%s', async (_what, [filter, ids]) => {
  const rows = await things.find(filter).sort({ _id: 1 }).toArray()
  expect(rows.map((row) => row._id)).toEqual(ids)
})

test('arrays sort by their least element upwards, by their greatest downwards; what is missing first', async () => {
  const order = async (way: 1 | -1) => (await things.find().sort({ list: way }).toArray()).map((row) => row._id)
  expect(await order(1)).toEqual([3, 1, 2])
  expect(await order(-1)).toEqual([2, 1, 3])
})

test('array filters reach into arrays of arrays', async () => {
  await things.insertOne({ _id: 40, a: [{ b: [{ c: 1 }, { c: 2 }] }, { b: [{ c: 1 }] }] })
  await update({ $set: { 'a.$[].b.$[x].c': 9 } }, { _id: 40 }, { arrayFilters: [{ 'x.c': 1 }] })
  expect((await things.findOne({ _id: 40 })).a).toEqual([{ b: [{ c: 9 }, { c: 2 }] }, { b: [{ c: 9 }] }])
})

describe('transactions and streams', () => {
  test('a commit or a write of an aborted transaction is refused by NoSuchTransaction', async () => {
    const session = mongo.client.startSession()
    const lsid = (session.id as Any).id
    const ask = (command: Document) => mongo.client.db('admin').command({ ...command, lsid: { id: lsid } })
    expect(await codeOf(ask({ commitTransaction: 1, txnNumber: Long.fromNumber(77), autocommit: false }))).toBe(251)
    session.startTransaction()
    await things.insertOne({ _id: 50 }, { session })
    const duplicate: Any = await things.insertOne({ _id: 1 }, { session }).catch((thrown: unknown) => thrown)
    expect(duplicate.code).toBe(11000)
    const late: Any = await things.insertOne({ _id: 51 }, { session }).catch((thrown: unknown) => thrown)
    expect([late.code, late.hasErrorLabel('TransientTransactionError')]).toEqual([251, true])
    await session.abortTransaction()
    await session.endSession()
    expect(await things.countDocuments({ _id: { $gte: 50 } })).toBe(0)
  })

  test('a dropped collection ends its stream by invalidate; it is started after, not resumed', async () => {
    const stream = things.watch([], { maxAwaitTimeMS: 50 })
    await stream.tryNext()
    await things.drop()
    expect((await stream.next()).operationType).toBe('drop')
    const last = await stream.next()
    expect(last.operationType).toBe('invalidate')
    expect(await codeOf(things.watch([], { resumeAfter: last._id }).tryNext())).toBe(260)
    const next = things.watch<Any, Any>([], { startAfter: last._id, maxAwaitTimeMS: 50 })
    await next.tryNext()
    await things.insertOne({ _id: 60 })
    let seen = await next.next()
    while (seen.operationType !== 'insert') seen = await next.next()
    expect(seen.fullDocument).toEqual({ _id: 60 })
    await next.close()
  })
})
