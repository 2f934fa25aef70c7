import { expect, test } from 'vitest'
import { fitData, maxEventBytes } from './fit-event.ts'

const sizeOf = (data: object) => Buffer.byteLength(JSON.stringify(data))
const many = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i))

test('what fits is told as it is', () => {
  const data = { messageId: 'M', text: '€'.repeat(20_000), at: new Date(0), none: undefined }
  expect(fitData(data)).toBe(data)
})

test.each<[string, Record<string, unknown>]>([
  ['a text', { text: '\u0001'.repeat(5_000_000) }],
  ['a name', { pushName: 'x'.repeat(1_000_000) }],
  ['whom it names', { mentions: many(1_024, (i) => `${'9'.repeat(60)}${i}@lid`) }],
  ['what is deep inside', { poll: { options: many(1_000, () => '"'.repeat(1_000)), tally: many(1_000, String) } }],
  [
    'who has reacted in a large group',
    { text: 'x'.repeat(60_000), reactions: many(1_024, (i) => ({ sender: `${i}@lid`, emoji: '👍', at: new Date() })) },
  ],
  ['a thousand votes', { votes: many(1_000, () => ({ options: many(32, () => 'o'.repeat(150)) })) }],
])('%s: however much there is of it, an event is small, says so and keeps its names', (_what, more) => {
  const fitting = fitData({ messageId: 'M', chatId: 'C', ...more })
  expect(sizeOf(fitting)).toBeLessThanOrEqual(maxEventBytes)
  expect(fitting).toMatchObject({ messageId: 'M', chatId: 'C' })
  expect('truncated' in fitting || 'textTruncated' in fitting).toBe(true)
})
