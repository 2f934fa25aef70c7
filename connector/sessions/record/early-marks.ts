// What is said of a message before the message itself is here: app state is read at once, messages of the time away come one
// by one. Kept in memory for a while; a mark on a message that never comes is forgotten.
import { createGrowingCache } from '../../growing-cache.ts'
import type { AccountChange } from '../../whatsapp/account-facts.ts'

export type Mark = Extract<AccountChange, { change: 'star' | 'message-hidden' }>
export type EarlyMarks = ReturnType<typeof createEarlyMarks>

const entries = 1_000
const keptMs = 600_000

const toName = (messageId: string, fromMe: boolean) => `${messageId}/${fromMe}`

export function createEarlyMarks() {
  const marks = createGrowingCache<Mark>(entries, keptMs)
  return {
    keep: (mark: Mark): void => void marks.set(toName(mark.target.messageId, mark.target.fromMe), mark),
    /** Gives a mark once. */
    take(messageId: string, fromMe: boolean): Mark | undefined {
      if (marks.size === 0) return undefined
      const name = toName(messageId, fromMe)
      const mark = marks.get(name)
      if (mark) marks.delete(name)
      return mark
    },
  }
}
