// What is said of a message before the message itself is here: app state is read at once, messages of the time away come one
// by one. Kept in memory for a while; a mark on a message that never comes is forgotten.
import { createGrowingCache } from '../../growing-cache.ts'
import type { AccountChange } from '../../whatsapp/account-facts.ts'

export type Mark = Extract<AccountChange, { change: 'star' | 'message-hidden' }>
export type EarlyLabel = Extract<AccountChange, { change: 'message-label' }>
export type EarlyMarks = ReturnType<typeof createEarlyMarks>

const entries = 1_000
const keptMs = 600_000
/** Of one message. */
const mostLabels = 50

const toName = (messageId: string, fromMe: boolean) => `${messageId}/${fromMe}`

export function createEarlyMarks() {
  const marks = createGrowingCache<Mark>(entries, keptMs)
  const labels = createGrowingCache<EarlyLabel[]>(entries, keptMs)
  return {
    /** The last word of each label. */
    keepLabel(what: EarlyLabel): void {
      const others = (labels.get(what.messageId) ?? []).filter(({ labelId }) => labelId !== what.labelId)
      labels.set(what.messageId, [...others, what].slice(-mostLabels))
    },
    labelsOf: (messageId: string): readonly EarlyLabel[] => (labels.size === 0 ? [] : (labels.get(messageId) ?? [])),
    keep: (mark: Mark): void => void marks.set(toName(mark.target.messageId, mark.target.fromMe), mark),
    markOf: (messageId: string, fromMe: boolean): Mark | undefined =>
      marks.size === 0 ? undefined : marks.get(toName(messageId, fromMe)),
    /** What was said of it stands in its row now. Not before: a row that cannot be written is tried again. */
    done(messageId: string, fromMe: boolean): void {
      labels.delete(messageId)
      marks.delete(toName(messageId, fromMe))
    },
  }
}
