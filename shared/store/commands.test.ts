import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../scripts/testing/mongo.ts'
import { Problem } from '../model/problem.ts'
import type { NewCommand } from './commands.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

const command = (id: string, more: Partial<NewCommand> = {}): NewCommand => ({
  _id: id,
  sessionId: 's',
  lane: 'l',
  kind: 'chat.read',
  payload: { chatId: 'c' },
  actor: 'me',
  bodyHash: 'h',
  ...more,
})
const codeOf = (error: unknown) => (error instanceof Problem ? error.code : error)

test('of many that give one idempotency key at once one is accepted and all are answered with it', async () => {
  const { commands } = opened.store
  for (let round = 0; round < 20; round += 1) {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => commands.accept(command(`i${round}-${i}`, { idempotencyKey: `k${round}` }))),
    )
    expect(answers.filter(({ repeated }) => !repeated)).toHaveLength(1)
    expect(new Set(answers.map((answer) => answer.command._id)).size).toBe(1)
  }
  const other = commands.accept(command('else', { idempotencyKey: 'k0', bodyHash: 'another' }))
  expect(await other.catch(codeOf)).toBe('idempotency.conflict')
  const others = await commands.accept(command('of-other', { idempotencyKey: 'k0', actor: 'other' }))
  expect(others.repeated, 'a key is its actor’s own').toBe(false)
})

test('accepted side by side, whoever repeats a key keeps nothing from the others, and all stand in the order they came', async () => {
  const { commands } = opened.store
  const inputs = Array.from({ length: 12 }, (_, i) =>
    command(`side-${i}`, { sessionId: 'side', ...(i % 3 === 1 ? { idempotencyKey: 'side' } : {}) }),
  )
  const answers = await Promise.all(inputs.map((input) => commands.accept(input)))
  const waiting = (await commands.waiting('side', 100, [])).map(({ _id }) => _id)
  const standing = inputs.map(({ _id }) => _id).filter((_, i) => i % 3 !== 1 || i === 1)
  expect(waiting).toEqual(standing)
  expect(answers.filter(({ repeated }) => repeated).map((answer) => answer.command._id)).toEqual(
    Array(3).fill('side-1'),
  )
})

test('cancelled or taken, never both, a hundred times', async () => {
  const { commands } = opened.store
  const outcomes = await Promise.all(
    Array.from({ length: 100 }, async (_, i) => {
      const id = `race-${i}`
      await commands.accept(command(id, { sessionId: 'race' }))
      const cancelling = () => commands.cancel(id, () => true).then(() => 'cancelled', codeOf)
      const taking = () => commands.take(id, 1)
      const [cancelled, taken] =
        i % 2 === 0
          ? await Promise.all([cancelling(), taking()])
          : await Promise.all([taking(), cancelling()]).then(([a, b]) => [b, a] as const)
      const state = (await commands.read(id))?.state
      return `${String(cancelled)} ${taken ? 'taken' : 'missed'} ${state}`
    }),
  )
  for (const outcome of outcomes)
    expect(['cancelled missed cancelled', 'command.already_sent taken sending']).toContain(outcome)
})

test('a command is taken by one epoch, by a later one again, and only its taker ends it', async () => {
  const { commands } = opened.store
  await commands.accept(command('owned'))
  expect((await commands.take('owned', 2))?.attempts).toBe(1)
  expect(await commands.take('owned', 1), 'a former owner').toBeNull()
  expect((await commands.take('owned', 3))?.attempts).toBe(2)
  await commands.finish('owned', 2, 'failed')
  expect((await commands.read('owned'))?.state).toBe('sending')
  await commands.finish('owned', 3, 'done')
  expect((await commands.read('owned'))?.state).toBe('done')
  expect(await commands.take('owned', 4)).toBeNull()
})

test('what is accepted at once has a place of its own in the lane, and is waited for in that order', async () => {
  const { commands } = opened.store
  await Promise.all(Array.from({ length: 50 }, (_, i) => commands.accept(command(`o${i}`, { sessionId: 'order' }))))
  const waiting = await commands.waiting('order', 100)
  const places = waiting.map(({ ts }) => `${ts.t}/${ts.i}`)
  expect(new Set(places).size).toBe(50)
  expect(waiting.every(({ ts }) => ts.t > 0)).toBe(true)
  const [first, second] = waiting
  await commands.take(first!._id, 1)
  await commands.putBack(first!._id, 1, { countsAsAttempt: false, mayBeOut: false })
  const again = await commands.waiting('order', 2)
  expect(again.map(({ _id, attempts }) => [_id, attempts])).toEqual([
    [first!._id, 0],
    [second!._id, 0],
  ])
})

test('a list over some sessions is the same as over all, in the same order, without the others', async () => {
  const { commands } = opened.store
  const made = Array.from({ length: 30 }, (_, i) => `${['a', 'b', 'c'][i % 3]}-${i}`)
  for (const id of made) await commands.accept(command(id, { sessionId: `list-${id[0]}` }))
  for (const id of made.slice(0, 9)) await commands.take(id, 1)
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await commands.recent(['list-a', 'list-c'], { limit: 4, cursor })
    seen.push(...page.data.map(({ _id }) => _id))
    cursor = page.nextCursor ?? undefined
  } while (cursor)
  expect(seen.toSorted()).toEqual(made.filter((id) => !id.startsWith('b')).toSorted())
  const times = await Promise.all(seen.map(async (id) => (await commands.read(id))?.createdAt.getTime() ?? 0))
  expect(times).toEqual(times.toSorted((a, b) => b - a))
  const sending = await commands.recent(['list-a'], { limit: 10, state: 'sending' })
  expect(sending.data.map(({ _id }) => _id).toSorted()).toEqual(['a-0', 'a-3', 'a-6'])
})
