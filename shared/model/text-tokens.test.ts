import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toTextTokens, toTokens } from './text-tokens.ts'

const finds = (text: string, query: string) => {
  const tokens = new Set(toTextTokens(text))
  return toTextTokens(query).every((token) => tokens.has(token))
}

test('a word is found whatever its case, its accents and what stands beside it', () => {
  expect(finds('¿Mañana, a las 10:30, en el CAFÉ?', 'manana cafe 10')).toBe(true)
  expect(finds('Straße', 'STRASSE')).toBe(false)
  expect(finds('mañana', 'man')).toBe(false)
  expect(finds('Ｆｕｌｌ ｗｉｄｔｈ', 'full')).toBe(true)
})

test('what is written without spaces is found by any part of two characters', () => {
  expect(finds('明天在咖啡馆见面', '咖啡馆')).toBe(true)
  expect(finds('明天在咖啡馆见面', '茶馆')).toBe(false)
})

test('whatever a stranger writes, its tokens are few, short and plain', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), (text) => {
      const tokens = toTextTokens(text)
      expect(tokens.length).toBeLessThanOrEqual(100)
      for (const token of tokens) expect(token).toMatch(/^[\p{L}\p{N}]{1,40}$/u)
    }),
  )
  expect(toTextTokens('word '.repeat(100_000))).toEqual(['word'])
})

test('what is no text is found by what names it', () => {
  const contacts = [{ name: 'Eva Luna', phones: ['15550001111'], vcard: '' }]
  expect(toTokens({ type: 'contacts', contacts })).toEqual(['eva', 'luna', '15550001111'])
  expect(toTokens({ type: 'poll', poll: { question: 'Lunch?', options: ['Pizza'], selectable: 1 } })).toEqual([
    'lunch',
    'pizza',
  ])
})
