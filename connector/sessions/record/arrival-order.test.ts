// A list by time is a list by arrival, also within one second.
import { expect, test } from 'vitest'
import { createArrivalOrder } from './arrival-order.ts'

const at = new Date(1_700_000_000_000)
const ms = (dates: Date[]) => dates.map((date) => date.getTime() - at.getTime())

test('what comes in the second in which it was written has the moment, each a later one', () => {
  let now = at.getTime() + 400
  const order = createArrivalOrder(() => now)
  const first = [order.now('a', at), order.now('a', at), order.now('b', at)]
  now += 300
  expect(ms([...first, order.now('a', at)])).toEqual([400, 401, 400, 700])
})

test('what comes at the very end of a second leaves room for those of it that come later', () => {
  let now = at.getTime() + 999
  const order = createArrivalOrder(() => now)
  const times = [order.now('a', at)]
  now += 50
  for (let i = 0; i < 150; i += 1) times.push(order.now('a', at))
  expect(new Set(ms(times)).size).toBe(151)
  expect(ms(times)).toEqual(ms(times).toSorted((a, b) => a - b))
})

test('what waited is counted from the start of its second, and never leaves it', () => {
  const order = createArrivalOrder(() => at.getTime() + 60_000)
  const times = ms(Array.from({ length: 1_200 }, () => order.now('a', at)))
  expect(times.slice(0, 3)).toEqual([0, 1, 2])
  expect(times.at(-1)).toBe(999)
  expect(ms([order.now('a', new Date(at.getTime() + 1_000))])).toEqual([1_000])
})

test('a time that says more than the second stays, and a history counts from its oldest', () => {
  const order = createArrivalOrder(() => at.getTime())
  const exact = new Date(at.getTime() + 123)
  expect(order.now('a', exact)).toEqual(exact)
  const newestFirst = ['third', 'second', 'first'].map((text) => ({ chat: ['c'] as [string], at, text }))
  expect(order.past(newestFirst).map((one) => [one.text, one.at.getTime() - at.getTime()])).toEqual([
    ['third', 2],
    ['second', 1],
    ['first', 0],
  ])
})
