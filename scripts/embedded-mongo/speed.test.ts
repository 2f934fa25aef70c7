import { performance } from 'node:perf_hooks'
import type { Collection } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openForTest, type TestMongo } from './open-for-test.ts'

// oxlint-disable-next-line typescript/no-explicit-any
type Any = any

let mongo: TestMongo

beforeAll(async () => {
  mongo = await openForTest()
})
afterAll(() => mongo.close())

async function filled(name: string, count: number): Promise<Collection<Any>> {
  const collection = mongo.client.db(database).collection<Any>(name)
  await collection.createIndexes([{ key: { key: 1 } }, { key: { chat: 1, at: -1 } }])
  for (let start = 0; start < count; start += 10_000)
    await collection.insertMany(
      Array.from({ length: Math.min(10_000, count - start) }, (_, i) => ({
        _id: start + i,
        key: `key ${start + i}`,
        chat: (start + i) % 10,
        at: start + i,
        text: 'x'.repeat(200),
      })),
    )
  return collection
}

let database: string

const percentile = (times: number[], share: number): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length * share)]!

test('a lookup and a sorted page cost the same at 1,000 and at 100,000 documents', { timeout: 300_000 }, async () => {
  database = mongo.database().databaseName
  const collections = { small: await filled('small', 1000), large: await filled('large', 100_000) }
  const counts = { small: 1000, large: 100_000 }
  /** How many times as long it takes in the large one. */
  const least = { lookup: Number.POSITIVE_INFINITY, page: Number.POSITIVE_INFINITY }
  // What else the machine does passes, a scan is there every time.
  for (let again = 0; again < 3 && Math.max(least.lookup, least.page) >= 2; again++) {
    const found = await measured()
    for (const kind of ['lookup', 'page'] as const) least[kind] = Math.min(least[kind], found[kind])
  }
  for (const kind of ['lookup', 'page'] as const) expect(least[kind], kind).toBeLessThan(2)

  async function measured(): Promise<typeof least> {
    const times = {
      small: { lookup: [] as number[], page: [] as number[] },
      large: { lookup: [] as number[], page: [] as number[] },
    }
    for (let round = 0; round < 700; round++)
      for (const size of ['small', 'large'] as const) {
        const at = (round * 7919) % counts[size]
        const started = performance.now()
        await collections[size].findOne({ key: `key ${at}` })
        const looked = performance.now()
        await collections[size]
          .find({ chat: at % 10, at: { $lte: at } })
          .sort({ at: -1 })
          .limit(20)
          .toArray()
        if (round < 100) continue
        times[size].lookup.push(looked - started)
        times[size].page.push(performance.now() - looked)
      }
    const ratioOf = (kind: 'lookup' | 'page'): number => {
      const [small, large] = [percentile(times.small[kind], 0.95), percentile(times.large[kind], 0.95)]
      console.log(
        `${kind}: p95 ${small.toFixed(2)} ms at 1,000, ${large.toFixed(2)} ms at 100,000; median ${percentile(times.small[kind], 0.5).toFixed(2)} and ${percentile(times.large[kind], 0.5).toFixed(2)} ms`,
      )
      return large / small
    }
    return { lookup: ratioOf('lookup'), page: ratioOf('page') }
  }
})

test('durable writes of one moment share their flush: 32 at once are at least twice as fast as one at a time', async () => {
  const things = mongo.database().collection<Any>('things')
  await things.createIndex({ key: 1 }, { unique: true })
  let next = 0
  const perSecond = async (count: number, atOnce: number): Promise<number> => {
    let left = count
    const startedAt = performance.now()
    const write = async (): Promise<void> => {
      while (left-- > 0) await things.insertOne({ key: next++, text: 'x'.repeat(300) })
    }
    await Promise.all(Array.from({ length: atOnce }, write))
    return Math.round((count / (performance.now() - startedAt)) * 1000)
  }
  await perSecond(300, 8)
  let most = 0
  for (let again = 0; again < 3 && most <= 2; again++) {
    const [alone, together] = [await perSecond(300, 1), await perSecond(3000, 32)]
    console.log(`durable inserts, client in the same process: ${alone}/s one at a time, ${together}/s with 32 at once`)
    most = Math.max(most, together / alone)
  }
  expect(most).toBeGreaterThan(2)
})
