// What is said of a message before the message itself is here: app state is read at once, messages of the time away come one
// by one, those of a history later still. It waits in the database; what is looked at with each message is in memory.
import type { Store } from '../../../shared/store/open-store.ts'
import type { AccountChange } from '../../whatsapp/account-facts.ts'
import { createGrowingCache } from '../../growing-cache.ts'

export type Mark = Extract<AccountChange, { change: 'star' | 'message-hidden' | 'message-label' }>
export type EarlyMarks = Awaited<ReturnType<typeof openEarlyMarks>>

/** Messages with marks that wait. Beyond it the oldest are not looked for any more. */
const mostMessages = 10_000

const messageIdOf = (mark: Mark) => ('target' in mark ? mark.target.messageId : mark.messageId)
/** Of these the last word counts. */
const toWhat = (mark: Mark) =>
  'target' in mark ? `${mark.change}:${mark.target.fromMe}` : `${mark.change}:${mark.labelId}`

export async function openEarlyMarks(store: Pick<Store, 'earlyMarks'>, sessionId: string) {
  const waiting = createGrowingCache<Map<string, Mark>>(mostMessages)
  function remember(mark: Mark): void {
    const marks = waiting.get(messageIdOf(mark)) ?? new Map<string, Mark>()
    waiting.set(messageIdOf(mark), marks.set(toWhat(mark), mark))
  }
  for (const mark of await store.earlyMarks.list(sessionId, mostMessages)) remember(mark as Mark)

  return {
    async keep(mark: Mark): Promise<void> {
      await store.earlyMarks.keep(sessionId, messageIdOf(mark), toWhat(mark), mark)
      remember(mark)
    },
    /** In the order in which they were heard. */
    of: (messageId: string): readonly Mark[] =>
      waiting.size === 0 ? [] : [...(waiting.get(messageId)?.values() ?? [])],
    /** It stands in its row now, or something newer does. Not before: what cannot be written is tried again. */
    async done(mark: Mark): Promise<void> {
      const marks = waiting.get(messageIdOf(mark))
      if (!marks?.has(toWhat(mark))) return
      await store.earlyMarks.drop(sessionId, messageIdOf(mark), toWhat(mark))
      marks.delete(toWhat(mark))
      if (marks.size === 0) waiting.delete(messageIdOf(mark))
    },
  }
}
