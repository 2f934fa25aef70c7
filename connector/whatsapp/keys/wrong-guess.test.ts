import { expect, test } from 'vitest'
import { undoWrongGuesses } from './wrong-guess.ts'

const session = (used: number, ratchet: string) => ({
  _chains: { [ratchet]: {} },
  currentRatchet: { rootKey: ratchet },
  indexInfo: { used },
})
const record = (sessions: Record<string, ReturnType<typeof session>>) => ({ version: 'v1', _sessions: sessions })
const ratchets = (value: unknown) =>
  Object.fromEntries(
    Object.entries((value as ReturnType<typeof record>)._sessions).map(([key, one]) => [
      key,
      one.currentRatchet.rootKey,
    ]),
  )

test('sessions that were tried before the one that fitted get their ratchets back', () => {
  const before = record({ old: session(1, 'o'), newer: session(3, 'n'), newest: session(5, 'w') })
  const after = record({
    old: session(9, 'o-stepped'),
    newer: session(3, 'n-spoiled'),
    newest: session(5, 'w-spoiled'),
  })
  const { record: repaired, undone } = undoWrongGuesses(before, after)
  expect(ratchets(repaired)).toEqual({ old: 'o-stepped', newer: 'n', newest: 'w' })
  expect(undone).toBe(2)
})

test('with two uses in one millisecond the order in the record decides, as libsignal’s does', () => {
  const before = record({ first: session(5, 'f'), second: session(5, 's') })
  const after = record({ first: session(5, 'f-spoiled'), second: session(6, 's-stepped') })
  expect(ratchets(undoWrongGuesses(before, after).record)).toEqual({ first: 'f', second: 's-stepped' })
})

test('one change is the change that was meant', () => {
  const before = record({ a: session(1, 'a'), b: session(2, 'b') })
  const after = record({ a: session(1, 'a'), b: session(3, 'b-stepped') })
  expect(undoWrongGuesses(before, after)).toEqual({ record: after, undone: 0 })
})

test('a record without a past is taken as it is', () => {
  const after = record({ a: session(1, 'a') })
  expect(undoWrongGuesses(undefined, after)).toEqual({ record: after, undone: 0 })
})
