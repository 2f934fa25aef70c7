import { expect, test } from 'vitest'
import { createGrace, graceMs, toTaker, type Room } from './share.ts'

const ids = Array.from({ length: 2_000 }, (_, i) => `session-${i}`)
const countsOf = (rooms: Room[], of = ids) => {
  const counts: Record<string, number> = {}
  for (const id of of) {
    const taker = toTaker(id, rooms) ?? 'nobody'
    counts[taker] = (counts[taker] ?? 0) + 1
  }
  return counts
}

test('free sessions fall to the connectors in proportion to their room', () => {
  const counts = countsOf([
    { id: 'a', room: 100 },
    { id: 'b', room: 300 },
    { id: 'c', room: 600 },
  ])
  expect(Math.abs((counts['a'] ?? 0) - 200)).toBeLessThan(50)
  expect(Math.abs((counts['b'] ?? 0) - 600)).toBeLessThan(80)
  expect(Math.abs((counts['c'] ?? 0) - 1_200)).toBeLessThan(80)
})

test('whoever has no room is given nothing, and with room nowhere nobody is', () => {
  expect(
    countsOf([
      { id: 'full', room: 0 },
      { id: 'over', room: -3 },
      { id: 'free', room: 1 },
    ]),
  ).toEqual({ free: ids.length })
  expect(toTaker('s', [{ id: 'full', room: 0 }])).toBeUndefined()
  expect(toTaker('s', [])).toBeUndefined()
})

test('all come to the same, in whatever order they read the others', () => {
  const rooms = [
    { id: 'a', room: 5 },
    { id: 'b', room: 7 },
    { id: 'c', room: 9 },
  ]
  for (const id of ids.slice(0, 200)) expect(toTaker(id, rooms.toReversed())).toBe(toTaker(id, rooms))
})

test('one that joins takes its share and nothing changes hands between the others', () => {
  const before = [
    { id: 'a', room: 10 },
    { id: 'b', room: 10 },
  ]
  const after = [...before, { id: 'c', room: 10 }]
  const moved = ids.filter((id) => toTaker(id, after) !== toTaker(id, before))
  expect(moved.every((id) => toTaker(id, after) === 'c')).toBe(true)
  expect(Math.abs(moved.length - ids.length / 3)).toBeLessThan(80)
})

test('what its taker leaves free is anybody’s after the grace, counted from when it was first seen free', () => {
  const grace = createGrace()
  grace.see(['a'], 1_000)
  grace.see(['a', 'b'], 1_500)
  expect([grace.isOver('a', 1_000 + graceMs - 1), grace.nextEndMs(1_500)]).toEqual([false, graceMs - 500])
  expect([grace.isOver('a', 1_000 + graceMs), grace.isOver('b', 1_000 + graceMs)]).toEqual([true, false])
  expect(grace.nextEndMs(1_000 + graceMs), 'the next look is for the other').toBe(500)
  grace.see(['b'], 2_000)
  grace.see(['a', 'b'], 3_000)
  expect(grace.isOver('a', 3_000), 'taken and let go again meanwhile').toBe(false)
  expect(grace.nextEndMs(9_000)).toBeUndefined()
})
