import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { GridFSBucket, Long, ObjectId, type Collection, type Db, type Document } from 'mongodb'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
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

test('aggregation groups, joins, unwinds and counts by BSON’s rules', async () => {
  await things.insertMany([
    { _id: 1, k: 1, v: 2 },
    { _id: 2, k: Long.fromNumber(1), v: 3 },
    { _id: 3, k: 'x', v: 4, list: [1, 2] },
  ])
  await db.collection<Any>('others').insertMany([
    { _id: 'o1', thing: 1 },
    { _id: 'o2', thing: 1 },
  ])
  expect(
    await things
      .aggregate([{ $group: { _id: '$k', sum: { $sum: '$v' }, ids: { $push: '$_id' } } }, { $sort: { sum: -1 } }])
      .toArray(),
  ).toEqual([
    { _id: 1, sum: 5, ids: [1, 2] },
    { _id: 'x', sum: 4, ids: [3] },
  ])
  const joined = await things
    .aggregate([
      { $match: { _id: 1 } },
      { $lookup: { from: 'others', localField: '_id', foreignField: 'thing', as: 'found' } },
      { $project: { n: { $size: '$found' } } },
    ])
    .toArray()
  expect(joined).toEqual([{ _id: 1, n: 2 }])
  const inner = await things
    .aggregate([
      { $match: { _id: 1 } },
      {
        $lookup: {
          from: 'others',
          let: { id: '$_id' },
          pipeline: [{ $match: { $expr: { $eq: ['$thing', '$$id'] } } }, { $limit: 1 }],
          as: 'found',
        },
      },
    ])
    .toArray()
  expect(inner[0]).toMatchObject({ found: [{ _id: 'o1' }] })
  const buckets = { groupBy: '$_id', boundaries: [0, 2, 9], output: { n: { $sum: 1 } } }
  expect(await things.aggregate([{ $bucket: buckets }]).toArray()).toEqual([
    { _id: 0, n: 1 },
    { _id: 2, n: 2 },
  ])
  const numbered = [
    { $setWindowFields: { sortBy: { _id: 1 }, output: { row: { $documentNumber: {} } } } },
    { $project: { row: 1 } },
    { $limit: 2 },
  ]
  expect(await things.aggregate(numbered).toArray()).toEqual([
    { _id: 1, row: 1 },
    { _id: 2, row: 2 },
  ])
  expect(await things.aggregate([{ $unwind: '$list' }, { $count: 'n' }]).toArray()).toEqual([{ n: 2 }])
  expect(
    await things
      .aggregate([{ $facet: { a: [{ $match: { _id: { $lt: 3 } } }, { $count: 'n' }], b: [{ $limit: 1 }] } }])
      .toArray(),
  ).toMatchObject([{ a: [{ n: 2 }], b: [{ _id: 1 }] }])
})

test('GridFS stores, reads a part of, finds and deletes a file unmodified', async () => {
  const bucket = new GridFSBucket(db, { bucketName: 'media', chunkSizeBytes: 1024 })
  const bytes = Buffer.from(Array.from({ length: 10_000 }, (_, i) => i % 251))
  const upload = bucket.openUploadStream('voice.ogg', { metadata: { kind: 'audio' } })
  await new Promise((resolve, reject) => Readable.from([bytes]).pipe(upload).on('finish', resolve).on('error', reject))
  expect(await buffer(bucket.openDownloadStream(upload.id))).toEqual(bytes)
  expect(await buffer(bucket.openDownloadStream(upload.id, { start: 1000, end: 3000 }))).toEqual(
    bytes.subarray(1000, 3000),
  )
  expect(await bucket.find({ 'metadata.kind': 'audio' }).toArray()).toHaveLength(1)
  await bucket.delete(upload.id)
  expect(await db.collection('media.chunks').countDocuments()).toBe(0)
})

test('a command past its maxTimeMS ends with MaxTimeMSExpired', async () => {
  await things.insertMany(Array.from({ length: 20_000 }, (_, n) => ({ n, text: `text ${n}` })))
  await expect(
    things.find({ $expr: { $eq: [{ $strLenCP: '$text' }, -1] } }, { maxTimeMS: 1 }).toArray(),
  ).rejects.toMatchObject({ code: 50, codeName: 'MaxTimeMSExpired' })
})

test('ObjectIds made by the server sort to the front of the document', async () => {
  await db.command({ insert: 'things', documents: [{ a: 1 }] })
  const found = (await things.findOne({ a: 1 })) as Document
  expect(found['_id']).toBeInstanceOf(ObjectId)
  expect(Object.keys(found)[0]).toBe('_id')
})
