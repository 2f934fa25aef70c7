import * as v from 'valibot'
import { expect, test } from 'vitest'
import { ReactToMessage } from './message.ts'

test.each(['👍', '❤', '❤️', '👍🏽', '👨‍👩‍👧‍👦', '🇦🇷', '1️⃣', '🏴󠁧󠁢󠁳󠁣󠁴󠁿', '🫶', '☺️', ''])('%s may be put on a message', (emoji) => {
  expect(v.safeParse(ReactToMessage, { emoji }).success).toBe(true)
})
