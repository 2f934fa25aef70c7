import {
  Decimal128,
  Double,
  Int32,
  Long,
  MongoBulkWriteError,
  MongoClient,
  Timestamp,
  type Collection,
  type Db,
  type Document,
} from 'mongodb'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openForTest, type TestMongo } from './open-for-test.ts'

// Documents of any shape: each test says what it stores.
// oxlint-disable-next-line typescript/no-explicit-any
type Any = any

let mongo: TestMongo
let db: Db
let things: Collection<Any>

beforeAll(async () => {
  mongo = await openForTest()
})
afterAll(() => mongo.close())
beforeEach(() => {
  db = mongo.database()
  things = db.collection('things')
})

const raw = { promoteValues: false } as const

describe('numbers', () => {
  test('keep their BSON type over a round trip', async () => {
    await things.insertOne({
      _id: 1,
      int: new Int32(5),
      long: Long.fromNumber(5),
      double: new Double(5),
      decimal: Decimal128.fromString('5.0'),
      zero: new Double(-0),
    })
    await things.updateOne({ _id: 1 }, { $set: { touched: true } })
    const found = (await things.findOne({ _id: 1 }, raw)) as Document
    expect(
      [found['int'], found['long'], found['double'], found['decimal']].map((value) => value.constructor.name),
    ).toEqual(['Int32', 'Long', 'Double', 'Decimal128'])
    expect(Object.is(found['zero'].value, -0)).toBe(true)
  })

  test('are equal across types, in filters, $in and ranges', async () => {
    await things.insertMany([
      { n: new Int32(5) },
      { n: Long.fromNumber(5) },
      { n: new Double(5) },
      { n: Decimal128.fromString('5.00') },
      { n: new Double(5.5) },
    ])
    for (const five of [5, Long.fromNumber(5), Decimal128.fromString('5')]) {
      expect(await things.countDocuments({ n: five })).toBe(4)
      expect(await things.countDocuments({ n: { $in: [five] } })).toBe(4)
      expect(await things.countDocuments({ n: { $gt: five } })).toBe(1)
      expect(await things.countDocuments({ n: { $ne: five } })).toBe(1)
    }
  })

  test('near each other at the edge of a double are told apart', async () => {
    const edge = Long.fromString('9007199254740993')
    await things.insertMany([
      { n: edge },
      { n: new Double(9007199254740992) },
      { n: Decimal128.fromString('0.1') },
      { n: 0.1 },
    ])
    expect(await things.countDocuments({ n: edge })).toBe(1)
    expect(await things.countDocuments({ n: { $lt: edge, $gt: 1 } })).toBe(1)
    expect(await things.countDocuments({ n: 0.1 })).toBe(1)
  })

  test('are incremented by the wider type; Int32 grows into Long', async () => {
    await things.insertOne({
      _id: 1,
      int: 2147483647,
      long: Long.fromString('9007199254740993'),
      double: 1.5,
      decimal: Decimal128.fromString('0.1'),
    })
    await things.updateOne(
      { _id: 1 },
      { $inc: { int: 1, long: 1, double: 1, decimal: Decimal128.fromString('0.2'), fresh: 3 } },
    )
    const found = (await things.findOne({ _id: 1 }, raw)) as Document
    expect(found['int']).toEqual(Long.fromString('2147483648'))
    expect(found['long'].toString()).toBe('9007199254740994')
    expect(found['double'].value).toBe(2.5)
    expect(found['decimal'].toString()).toBe('0.3')
    expect(found['fresh'].value).toBe(3)
    await expect(
      things.updateOne({ _id: 1 }, { $set: { text: 'x' }, $inc: { missing: 'x' as Any } }),
    ).rejects.toMatchObject({ code: 14 })
  })
})

describe('queries', () => {
  test('reach into arrays and subdocuments as MongoDB does', async () => {
    await things.insertMany([
      {
        _id: 1,
        tags: ['a', 'b'],
        items: [
          { n: 1, q: 5 },
          { n: 2, q: 9 },
        ],
      },
      { _id: 2, tags: [], items: [] },
      { _id: 3, tags: 'a', items: { n: 2 } },
      { _id: 4 },
    ])
    const ids = async (filter: Any): Promise<Any[]> =>
      (await things.find(filter).sort({ _id: 1 }).toArray()).map((doc: Any) => doc._id)
    expect(await ids({ tags: 'a' })).toEqual([1, 3])
    expect(await ids({ tags: { $all: ['a', 'b'] } })).toEqual([1])
    expect(await ids({ tags: { $size: 0 } })).toEqual([2])
    expect(await ids({ 'items.n': 2 })).toEqual([1, 3])
    expect(await ids({ items: { $elemMatch: { n: 1, q: { $gt: 5 } } } })).toEqual([])
    expect(await ids({ items: { $elemMatch: { n: 1, q: { $gte: 5 } } } })).toEqual([1])
    expect(await ids({ 'items.1.n': 2 })).toEqual([1])
    expect(await ids({ tags: null })).toEqual([4])
    expect(await ids({ tags: { $exists: false } })).toEqual([4])
    expect(await ids({ tags: { $not: { $size: 2 } } })).toEqual([2, 3, 4])
    expect(await ids({ $or: [{ _id: 4 }, { tags: /^B$/i }] })).toEqual([1, 4])
    expect(await ids({ $expr: { $gt: ['$_id', 2] } })).toEqual([3, 4])
    expect(await ids({ tags: { $type: 'array' } })).toEqual([1, 2])
  })

  test('find by an _id that is a subdocument, whose field order counts', async () => {
    await things.insertOne({ _id: { session: 's', n: 1 } })
    expect(await things.findOne({ _id: { session: 's', n: 1 } })).not.toBeNull()
    expect(await things.findOne({ _id: { n: 1, session: 's' } })).toBeNull()
    await expect(things.insertOne({ _id: { session: 's', n: Long.fromNumber(1) } })).rejects.toMatchObject({
      code: 11000,
    })
  })

  test('sort across types, skip, limit and project', async () => {
    await things.insertMany([
      { v: 'b' },
      { v: 2 },
      { v: null },
      { v: [9, 1] },
      { v: { a: 1 } },
      { v: true },
      { v: new Date(0) },
    ])
    expect(
      (
        await things
          .find({}, { projection: { _id: 0 } })
          .sort({ v: 1 })
          .toArray()
      ).map((doc: Any) => doc.v),
    ).toEqual([null, [9, 1], 2, 'b', { a: 1 }, true, new Date(0)])
    expect(
      (await things.find().sort({ v: -1 }).skip(4).limit(2).project({ v: 1, _id: 0 }).toArray()).map(
        (doc: Any) => doc.v,
      ),
    ).toEqual([[9, 1], 2])
  })

  test('give large results in batches and forget killed cursors', async () => {
    await things.insertMany(Array.from({ length: 1000 }, (_, n) => ({ n })))
    const cursor = things.find().batchSize(7)
    expect(await cursor.next()).toMatchObject({ n: 0 })
    await cursor.close()
    expect((await things.find().batchSize(300).toArray()).length).toBe(1000)
    await expect(db.command({ getMore: Long.fromNumber(42), collection: 'things' })).rejects.toMatchObject({
      code: 43,
      codeName: 'CursorNotFound',
    })
  })

  test('projections include, exclude, slice and compute', async () => {
    await things.insertOne({ _id: 1, a: { b: 1, c: 2 }, list: [1, 2, 3, 4], items: [{ n: 1 }, { n: 2 }] })
    const one = (projection: Document, filter: Document = {}): Promise<Any> => things.findOne(filter, { projection })
    expect(await one({ 'a.b': 1 })).toEqual({ _id: 1, a: { b: 1 } })
    expect(await one({ 'a.b': 0, list: 0, items: 0 })).toEqual({ _id: 1, a: { c: 2 } })
    expect(await one({ list: { $slice: -2 }, a: 0, items: 0 })).toEqual({ _id: 1, list: [3, 4] })
    expect(await one({ _id: 0, sum: { $add: ['$a.b', '$a.c'] } })).toEqual({ sum: 3 })
    expect(await one({ 'items.$': 1 }, { 'items.n': 2 })).toEqual({ _id: 1, items: [{ n: 2 }] })
    expect(await one({ items: { $elemMatch: { n: 2 } } })).toEqual({ _id: 1, items: [{ n: 2 }] })
  })
})

describe('updates', () => {
  test('operators change what they say and nothing else', async () => {
    await things.insertOne({
      _id: 1,
      n: 1,
      list: [1, 2, 3],
      items: [
        { k: 'a', q: 1 },
        { k: 'b', q: 2 },
      ],
      gone: 1,
      old: 2,
    })
    const change = async (update: Document, options = {}, filter: Document = { _id: 1 }): Promise<Any> => {
      await things.updateOne(filter, update, options)
      return things.findOne({ _id: 1 })
    }
    expect(
      await change({ $unset: { gone: '' }, $rename: { old: 'fresh' }, $min: { n: 0 }, $max: { m: 5 } }),
    ).toMatchObject({ n: 0, m: 5, fresh: 2 })
    expect(await change({ $push: { list: { $each: [0, 9], $sort: -1, $slice: 4 } } })).toMatchObject({
      list: [9, 3, 2, 1],
    })
    expect(await change({ $pull: { list: { $gte: 3 } }, $addToSet: { tags: { $each: ['x', 'x'] } } })).toMatchObject({
      list: [2, 1],
      tags: ['x'],
    })
    expect(await change({ $set: { 'items.$[b].q': 7 } }, { arrayFilters: [{ 'b.k': 'b' }] })).toMatchObject({
      items: [{ q: 1 }, { q: 7 }],
    })
    expect(await change({ $inc: { 'items.$.q': 1 } }, {}, { 'items.k': 'b' })).toMatchObject({
      items: [{ q: 1 }, { q: 8 }],
    })
    expect(await change({ $mul: { 'items.$[].q': 2 } })).toMatchObject({ items: [{ q: 2 }, { q: 16 }] })
    expect(await change({ $pop: { list: 1 }, $currentDate: { at: true } })).toMatchObject({
      list: [2],
      at: expect.any(Date),
    })
    expect(Object.keys((await things.findOne({ _id: 1 })) as Document)).not.toContain('gone')
  })

  test('that make no sense are refused with MongoDB’s code', async () => {
    await things.insertOne({ _id: 1, a: { b: 1 }, text: 'x' })
    const codeOf = (update: Document): Promise<number> =>
      things.updateOne({ _id: 1 }, update).then(
        () => 0,
        (error: Any) => error.code as number,
      )
    expect(await codeOf({ $set: { 'text.b': 1 } })).toBe(28)
    expect(await codeOf({ $set: { a: 1, 'a.b': 2 } })).toBe(40)
    expect(await codeOf({ $set: { _id: 2 } })).toBe(66)
    expect(await codeOf({ $nonsense: { a: 1 } })).toBe(9)
    expect(await codeOf({ $push: { text: 1 } })).toBe(2)
    expect(await codeOf({ $inc: { text: 1 } })).toBe(14)
  })

  test('pipelines see the document and one $$NOW', async () => {
    await things.insertOne({ _id: 1, lease: new Date(0), epoch: 4 })
    const claimed = await things.findOneAndUpdate(
      { _id: 1, $expr: { $lt: ['$lease', '$$NOW'] } },
      [
        { $set: { epoch: { $add: ['$epoch', 1] }, lease: { $add: ['$$NOW', 5000] }, at: '$$NOW' } },
        { $unset: 'never' },
      ],
      { returnDocument: 'after' },
    )
    expect(claimed).toMatchObject({ epoch: 5 })
    expect(claimed.lease.getTime() - claimed.at.getTime()).toBe(5000)
    expect(
      await things.findOneAndUpdate({ _id: 1, $expr: { $lt: ['$lease', '$$NOW'] } }, [{ $set: { epoch: 9 } }]),
    ).toBeNull()
  })

  test('an upsert takes its fields from the filter and $setOnInsert', async () => {
    const first = await things.updateOne(
      { _id: 'k', 'a.b': 1, n: { $gt: 5 } },
      { $setOnInsert: { made: true }, $set: { x: 1 } },
      { upsert: true },
    )
    expect(first).toMatchObject({ upsertedId: 'k', upsertedCount: 1, matchedCount: 0 })
    await things.updateOne({ _id: 'k' }, { $setOnInsert: { made: false }, $set: { x: 2 } }, { upsert: true })
    expect(await things.findOne({ _id: 'k' })).toEqual({ _id: 'k', a: { b: 1 }, made: true, x: 2 })
  })

  test('50 parallel upserts on one unique key leave one document', async () => {
    await things.createIndex({ key: 1 }, { unique: true })
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, () => things.updateOne({ key: 'same' }, { $inc: { n: 1 } }, { upsert: true })),
    )
    expect(await things.countDocuments({ key: 'same' })).toBe(1)
    const done = outcomes.filter((outcome) => outcome.status === 'fulfilled').length
    expect(await things.findOne({ key: 'same' })).toMatchObject({ n: done })
  })

  test('an update that changes nothing says so', async () => {
    await things.insertOne({ _id: 1, a: 1 })
    expect(await things.updateOne({ _id: 1 }, { $set: { a: 1 } })).toMatchObject({ matchedCount: 1, modifiedCount: 0 })
    expect(await things.replaceOne({ _id: 1 }, { a: 2 })).toMatchObject({ matchedCount: 1, modifiedCount: 1 })
    expect(await things.findOneAndDelete({ a: 2 })).toEqual({ _id: 1, a: 2 })
  })
})

describe('writes', () => {
  test('an ordered batch stops at its first error, an unordered one does not', async () => {
    const batch = [{ _id: 1 }, { _id: 1 }, { _id: 2 }]
    await expect(things.insertMany(batch)).rejects.toBeInstanceOf(MongoBulkWriteError)
    expect(await things.countDocuments()).toBe(1)
    await expect(things.insertMany(batch, { ordered: false })).rejects.toMatchObject({ code: 11000 })
    expect(await things.countDocuments()).toBe(2)
  })

  test('a duplicate key names its index, key and value', async () => {
    await things.createIndex({ a: 1, b: -1 }, { unique: true })
    await things.insertOne({ a: 1, b: 'x' })
    await expect(things.insertOne({ a: 1, b: 'x' })).rejects.toMatchObject({
      code: 11000,
      keyPattern: { a: 1, b: -1 },
      keyValue: { a: 1, b: 'x' },
      message: expect.stringMatching(
        /^E11000 duplicate key error collection: .*\.things index: a_1_b_-1 dup key: \{ a: 1, b: "x" \}$/,
      ),
    })
  })

  test('an empty Timestamp at the top level becomes the server’s, later for each insert', async () => {
    const empty = new Timestamp({ t: 0, i: 0 })
    await things.insertMany([
      { _id: 1, at: empty, in: { at: empty } },
      { _id: 2, at: empty },
    ])
    const [one, two] = (await things.find().sort({ _id: 1 }).toArray()) as [Any, Any]
    expect(one.at.comp(two.at)).toBeLessThan(0)
    expect(one.in.at.t).toBe(0)
  })

  test('the same retryable write sent twice is applied once', async () => {
    await things.insertOne({ _id: 1, n: 0 })
    // A client of its own: the number chosen here must not meet a session another test uses.
    const client = await MongoClient.connect(mongo.uri)
    const session = client.startSession()
    const command = {
      update: 'things',
      updates: [{ q: { _id: 1 }, u: { $inc: { n: 1 } } }],
      txnNumber: Long.fromNumber(77),
    }
    const first = await client.db(db.databaseName).command({ ...command }, { session })
    const second = await client.db(db.databaseName).command({ ...command }, { session })
    await session.endSession()
    await client.close()
    expect([first['nModified'], second['nModified']]).toEqual([1, 1])
    expect(await things.findOne({ _id: 1 })).toMatchObject({ n: 1 })
  })

  test('bulkWrite carries every kind of statement', async () => {
    const result = await things.bulkWrite([
      { insertOne: { document: { _id: 1, n: 1 } } },
      { updateOne: { filter: { _id: 1 }, update: { $inc: { n: 1 } } } },
      { replaceOne: { filter: { _id: 2 }, replacement: { n: 5 }, upsert: true } },
      { updateMany: { filter: {}, update: { $set: { all: true } } } },
      { deleteOne: { filter: { _id: 2 } } },
    ])
    expect(result).toMatchObject({ insertedCount: 1, modifiedCount: 3, upsertedCount: 1, deletedCount: 1 })
    expect(await things.find().toArray()).toEqual([{ _id: 1, n: 2, all: true }])
  })
})
