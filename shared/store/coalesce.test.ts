import { MongoNetworkError } from 'mongodb'
import { expect, test } from 'vitest'
import { createCoalescer, type Outcome } from './coalesce.ts'

/** A store that answers when the test lets it. */
function openGate() {
  const batches: string[][] = []
  const gates: { open: () => void; fail: (error: unknown) => void }[] = []
  const arrivals: (() => void)[] = []
  const run = (items: readonly string[]) =>
    new Promise<Outcome<string>[]>((resolve, reject) => {
      batches.push([...items])
      gates.push({ open: () => resolve(items.map((item) => ({ value: `${item}!` }))), fail: reject })
      arrivals.shift()?.()
    })
  /** Resolves when the next batch is under way. */
  const next = () => new Promise<void>((resolve) => arrivals.push(resolve))
  return { run, batches, gates, next }
}

test('what is asked while a batch is under way goes together in the next, in the order it was asked', async () => {
  const { run, batches, gates, next } = openGate()
  const ask = createCoalescer(run)
  const first = next()
  const answers = [ask('a'), ask('b')]
  await first
  answers.push(ask('c'), ask('d'), ask('e'))
  const second = next()
  gates[0]?.open()
  await second
  gates[1]?.open()
  expect(await Promise.all(answers)).toEqual(['a!', 'b!', 'c!', 'd!', 'e!'])
  expect(batches).toEqual([
    ['a', 'b'],
    ['c', 'd', 'e'],
  ])
})

test('a database that is away fails the whole batch, once, and the next batch is tried all the same', async () => {
  const { run, batches, gates, next } = openGate()
  const ask = createCoalescer(run)
  const first = next()
  const failing = Promise.allSettled([ask('a'), ask('b')])
  await first
  gates[0]?.fail(new MongoNetworkError('gone'))
  expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  const second = next()
  const later = ask('c')
  await second
  gates[1]?.open()
  expect(await later).toBe('c!')
  expect(batches).toHaveLength(2)
})

test('one that cannot be written fails alone: each of its batch is tried by itself', async () => {
  const ask = createCoalescer<string, string>((items) =>
    items.includes('bad')
      ? Promise.reject(new Error('a document that is too large'))
      : Promise.resolve(items.map((value) => ({ value }))),
  )
  const ends = await Promise.allSettled([ask('a'), ask('bad'), ask('c')])
  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})

test('a batch is no larger than it may be', async () => {
  const sizes: number[] = []
  const ask = createCoalescer<number, number>(
    (items) => {
      sizes.push(items.length)
      return Promise.resolve(items.map((value) => ({ value })))
    },
    { maxItems: 3 },
  )
  await Promise.all(Array.from({ length: 8 }, (_, i) => ask(i)))
  expect(sizes).toEqual([3, 3, 2])
})
