import { expect, test } from 'vitest'
import { countReceipts, emptyReceipts, maxReceipts, reachedByAll } from './receipts.ts'

const at = new Date(1)

test('everybody in the group has a place, by LID where it is known; what is no number has none', () => {
  expect(emptyReceipts([{ lid: '1@lid', phone: '2' }, { phone: '3' }, { lid: 'a.b$c@lid' }])).toEqual({
    l1: {},
    p3: {},
  })
})

test('a crowd has no places', () => {
  const crowd = Array.from({ length: maxReceipts + 1 }, (_, i) => ({ lid: `${i}@lid` }))
  expect(emptyReceipts(crowd)).toBeUndefined()
  expect(emptyReceipts([])).toBeUndefined()
})

test('who has read it has received it, and it is read when the last one has read it', () => {
  const receipts = { l1: { read: at }, l2: { delivered: at } }
  expect(countReceipts(receipts)).toEqual({ total: 2, delivered: 2, read: 1, played: 0 })
  expect(reachedByAll(receipts)).toBe('delivered')
  expect(reachedByAll({ ...receipts, l2: { played: at } })).toBe('read')
  expect(reachedByAll({ ...receipts, l3: {} })).toBeUndefined()
})
