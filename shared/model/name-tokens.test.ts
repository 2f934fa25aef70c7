import { expect, test } from 'vitest'
import { toNameTokens, toQueryTokens } from './name-tokens.ts'

const finds = (name: string, query: string) => {
  const tokens = new Set(toNameTokens(name))
  const asked = toQueryTokens(query)
  return asked.length > 0 && asked.every((token) => tokens.has(token))
}

test('a name is found by the beginnings of its words, in any order, case and accents aside', () => {
  expect(finds('José Peña-Núñez', 'nun jose')).toBe(true)
  expect(finds('José Peña', 'ose')).toBe(false)
  expect(finds('Ñandú', 'nandu')).toBe(true)
  expect(finds('李雷', '李')).toBe(true)
  expect(finds('Anticonstitutionnellement', 'anticonstitutionnell')).toBe(true)
})

test('what has no word finds nothing, and a name of any length has a bounded number of tokens', () => {
  expect(toQueryTokens(' .*$ ')).toEqual([])
  expect(toNameTokens('w'.repeat(100_000)).length).toBeLessThanOrEqual(15)
  expect(toNameTokens('word '.repeat(10_000)).length).toBeLessThanOrEqual(180)
})
