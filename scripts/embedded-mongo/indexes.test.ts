import { Long, type Collection, type Document } from 'mongodb'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isEmbedded, openForTest, type TestMongo } from './open-for-test.ts'

// oxlint-disable-next-line typescript/no-explicit-any
type Any = any

let mongo: TestMongo
let things: Collection<Any>

beforeAll(async () => {
  mongo = await openForTest()
})
afterAll(() => mongo.close())
beforeEach(() => {
  things = mongo.database().collection('things')
})

type Shape = { index: string | undefined; stages: string[]; keys: number; documents: number }

async function planOf(filter: Document, options: Document = {}): Promise<Shape> {
  let cursor = things.find(filter)
  if (options['sort']) cursor = cursor.sort(options['sort'])
  if (options['limit']) cursor = cursor.limit(options['limit'])
  if (options['hint']) cursor = cursor.hint(options['hint'])
  const explained = await cursor.explain('executionStats')
  const stages: string[] = []
  let index: string | undefined
  const walk = (stage: Document): void => {
    stages.push(stage['stage'])
    index ??= stage['indexName']
    for (const inner of [stage['inputStage'], ...(stage['inputStages'] ?? [])]) if (inner) walk(inner)
  }
  walk(explained['queryPlanner'].winningPlan)
  return {
    index,
    stages,
    keys: explained['executionStats'].totalKeysExamined,
    documents: explained['executionStats'].totalDocsExamined,
  }
}

describe('an index serves', () => {
  beforeEach(async () => {
    await things.createIndex({ chat: 1, at: -1 })
    await things.createIndex({ at: 1 })
    await things.insertMany(
      Array.from({ length: 500 }, (_, n) => ({ _id: n, chat: `c${n % 10}`, at: n, other: n % 3 })),
    )
  })

  test('an equality, looking at nothing else', async () => {
    expect(await planOf({ chat: 'c3' })).toMatchObject({ index: 'chat_1_at_-1', keys: 50, documents: 50 })
    expect(await planOf({ chat: { $in: ['c3', 'c4'] }, at: 13 })).toMatchObject({ index: 'chat_1_at_-1', documents: 1 })
    expect(await planOf({ _id: 7 })).toMatchObject({ documents: 1 })
  })

  test('a sort after several equal values, by merging', async () => {
    const several = { chat: { $in: ['c3', 'c4', 'c7'] }, at: { $lt: 450 } }
    for (const at of [-1, 1] as const) {
      expect((await planOf(several, { sort: { at }, limit: 4 })).stages).toContain('SORT_MERGE')
      const sorted = await things.find(several).sort({ at }).limit(4).toArray()
      expect(sorted.map((one) => one.at)).toEqual(at === -1 ? [447, 444, 443, 437] : [3, 4, 7, 13])
    }
    expect(await planOf(several, { sort: { at: -1 }, limit: 4 })).toMatchObject({ documents: 4, index: 'chat_1_at_-1' })
    expect((await planOf(several, { sort: { chat: -1, at: 1 }, limit: 4 })).stages).not.toContain('SORT')
    expect((await planOf(several, { sort: { chat: 1, at: 1 } })).stages).toContain('SORT')
  })

  test('a range', async () => {
    expect(await planOf({ at: { $gte: 10, $lt: 20 } })).toMatchObject({ index: 'at_1', documents: 10 })
    expect(await planOf({ chat: 'c3', at: { $gt: 400 } })).toMatchObject({ index: 'chat_1_at_-1', documents: 10 })
  })

  test('a sorted page in both directions, reading no more than the page', async () => {
    for (const direction of [1, -1] as const) {
      const page = await planOf({ chat: 'c3' }, { sort: { at: direction }, limit: 5 })
      expect(page.stages).not.toContain('SORT')
      expect(page.documents).toBeLessThanOrEqual(6)
    }
    expect((await things.find({ chat: 'c3' }).sort({ at: -1 }).limit(3).toArray()).map((doc) => doc.at)).toEqual([
      493, 483, 473,
    ])
    expect(
      (
        await things
          .find({ chat: 'c3', at: { $lt: 473 } })
          .sort({ at: -1 })
          .limit(2)
          .toArray()
      ).map((doc) => doc.at),
    ).toEqual([463, 453])
  })

  test('what it is hinted to, and refuses a hint that names none', async () => {
    expect(await planOf({ at: 5 }, { hint: 'chat_1_at_-1' })).toMatchObject({ index: 'chat_1_at_-1' })
    expect((await planOf({ at: 5 }, { hint: { $natural: 1 } })).stages).toContain('COLLSCAN')
    await expect(things.find({ at: 5 }, { hint: 'nothing' }).toArray()).rejects.toMatchObject({ code: 2 })
  })

  test('each branch of an $or; without an index the whole collection is read', async () => {
    const either = await planOf({ $or: [{ chat: 'c1', at: 1 }, { at: 2 }] })
    expect(either.stages).not.toContain('COLLSCAN')
    expect(await things.countDocuments({ $or: [{ chat: 'c1', at: 1 }, { at: 1 }] })).toBe(1)
    expect(await planOf({ other: 1 })).toMatchObject({ stages: ['COLLSCAN'], documents: 500 })
  })

  test('a text prefix', async () => {
    await things.createIndex({ chat: 1 }, { name: 'chat' })
    expect(await things.countDocuments({ chat: /^c3/ })).toBe(50)
    expect((await planOf({ chat: /^c3/ })).stages).not.toContain('COLLSCAN')
  })
})

test('a sparse unique index ignores documents without the field, a plain one counts them as null', async () => {
  await things.createIndex({ s: 1 }, { unique: true, sparse: true })
  await things.insertMany([{ _id: 1 }, { _id: 2 }])
  expect(await things.find({ s: { $exists: false } }).toArray()).toHaveLength(2)
  await things.createIndex({ u: 1 }, { unique: true }).then(
    () => expect.unreachable(),
    (error: Any) => expect(error.code).toBe(11000),
  )
  expect(await things.indexes()).toHaveLength(2)
})

test('a partial unique index guards only what it covers and serves only what it holds', async () => {
  await things.createIndex({ who: 1 }, { unique: true, partialFilterExpression: { active: true } })
  await things.insertMany([
    { who: 'a', active: true },
    { who: 'a', active: false },
    { who: 'a', active: false },
  ])
  await expect(things.insertOne({ who: 'a', active: true })).rejects.toMatchObject({ code: 11000 })
  expect((await planOf({ who: 'a', active: true })).index).toBe('who_1')
  expect((await planOf({ who: 'a' })).stages).toContain('COLLSCAN')
  await things.updateOne({ active: true }, { $set: { active: false } })
  await things.insertOne({ who: 'a', active: true })
})

test('a multikey index finds each element, both sides of a range and each document once', async () => {
  await things.createIndex({ tags: 1 })
  await things.createIndex({ 'items.k': 1, 'items.v': 1 })
  await things.insertMany([
    {
      _id: 1,
      tags: [1, 10],
      items: [
        { k: 'a', v: 1 },
        { k: 'b', v: 2 },
      ],
    },
    { _id: 2, tags: [5], items: [{ k: 'a', v: 2 }] },
    { _id: 3, tags: [] },
  ])
  const ids = async (filter: Document): Promise<Any[]> =>
    (
      await things
        .find(filter)
        .hint(Object.keys(filter)[0]!.startsWith('items') ? 'items.k_1_items.v_1' : 'tags_1')
        .toArray()
    )
      .map((doc) => doc._id)
      .toSorted((a, b) => a - b)
  expect(await ids({ tags: 10 })).toEqual([1])
  expect(await ids({ tags: { $gt: 2, $lt: 9 } })).toEqual([1, 2])
  expect(await ids({ tags: { $gte: 1 } })).toEqual([1, 2])
  expect(await ids({ 'items.k': 'a', 'items.v': 2 })).toEqual([1, 2])
  await things.updateOne({ _id: 1 }, { $pull: { tags: 10 as Any } })
  expect(await ids({ tags: 10 })).toEqual([])
  await things.createIndex({ a: 1, b: 1 })
  await expect(things.insertOne({ a: [1], b: [2] })).rejects.toMatchObject({ code: 171 })
})

test('values longer than a key can be are told apart, ordered and unique', async () => {
  await things.createIndex({ text: 1 }, { unique: true })
  const long = 'x'.repeat(5000)
  await things.insertMany([{ text: `${long}b` }, { text: `${long}a` }, { text: 'short' }])
  expect(await things.findOne({ text: `${long}a` })).toMatchObject({ text: `${long}a` })
  await expect(things.insertOne({ text: `${long}a` })).rejects.toMatchObject({ code: 11000 })
  expect((await things.find().sort({ text: 1 }).toArray()).map((doc) => doc.text.slice(-1))).toEqual(['t', 'a', 'b'])
  expect(await things.countDocuments({ text: { $gt: `${long}a` } })).toBe(1)
})

test('indexes are listed, changed and dropped; conflicts are refused by name', async () => {
  await things.createIndex({ a: 1 }, { expireAfterSeconds: 60 })
  expect(await things.createIndex({ a: 1 }, { expireAfterSeconds: 60 })).toBe('a_1')
  await expect(things.createIndex({ a: 1 }, { unique: true })).rejects.toMatchObject({ code: 86 })
  await expect(things.createIndex({ b: 1 }, { name: 'a_1' })).rejects.toMatchObject({ code: 86 })
  await mongo.client
    .db(things.dbName)
    .command({ collMod: 'things', index: { keyPattern: { a: 1 }, expireAfterSeconds: 5 } })
  expect((await things.indexes()).find((index) => index.name === 'a_1')).toMatchObject({
    expireAfterSeconds: 5,
    v: 2,
    key: { a: 1 },
  })
  await things.dropIndex('a_1')
  await expect(things.dropIndex('a_1')).rejects.toMatchObject({ code: 27, codeName: 'IndexNotFound' })
  expect(await things.indexes()).toHaveLength(1)
})

test('an index built over documents that are there serves them; numbers of all types share it', async () => {
  await things.insertMany([{ n: 1 }, { n: Long.fromNumber(1) }, { n: 2 }])
  await things.createIndex({ n: 1 })
  expect(await planOf({ n: 1 })).toMatchObject({ index: 'n_1', documents: 2 })
})

describe.runIf(isEmbedded)('what the embedded server does not have is refused', () => {
  test.each([
    ['text index', () => things.createIndex({ a: 'text' })],
    ['collation', () => things.find({}, { collation: { locale: 'en' } }).toArray()],
    ['$out', () => things.aggregate([{ $out: 'x' }]).toArray()],
    ['$merge', () => things.aggregate([{ $merge: 'x' }]).toArray()],
    ['view', () => mongo.client.db(things.dbName).createCollection('v', { viewOn: 'things', pipeline: [] })],
    ['capped', () => mongo.client.db(things.dbName).createCollection('c', { capped: true, size: 1000 })],
    ['$where', () => things.find({ $where: 'true' }).toArray()],
  ])('%s', async (_name, attempt) => {
    await expect(attempt()).rejects.toMatchObject({ code: 238, codeName: 'NotImplemented' })
  })
  test('an unknown command and stage', async () => {
    await expect(mongo.client.db(things.dbName).command({ shardCollection: 'x' })).rejects.toMatchObject({
      code: 59,
      codeName: 'CommandNotFound',
    })
    await expect(things.aggregate([{ $nonsense: 1 }]).toArray()).rejects.toMatchObject({ code: 40324 })
  })
})
