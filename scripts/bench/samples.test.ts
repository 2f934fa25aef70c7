// Quantiles are values that were measured.
import { expect, test } from 'vitest'
import { median, quantile } from './samples.ts'

test('a quantile is the nearest rank, in whatever order the samples came', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i)
  expect(quantile(hundred, 0.5)).toBe(50)
  expect(quantile(hundred, 0.95)).toBe(95)
  expect(quantile(hundred, 0.99)).toBe(99)
})

test('the ends are the smallest and the largest', () => {
  expect(quantile([3, 1, 2], 0)).toBe(1)
  expect(quantile([3, 1, 2], 1)).toBe(3)
})

test('the median of an even number of samples is one of them', () => {
  expect(median([1, 2, 3, 10])).toBe(2)
})

test('nothing measured is not a number, and the samples stay as they were', () => {
  expect(median([])).toBeNaN()
  const given = [3, 1, 2]
  median(given)
  expect(given).toEqual([3, 1, 2])
})
