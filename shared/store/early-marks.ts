// What is said of a message before the message itself is here: it waits in the database, as its message may take days to come.
import type { Collection, Db, IndexDescription } from 'mongodb'

/** How long a mark waits for its message, seconds: the history of a new link comes within that (*assumed*). */
const memorySeconds = 14 * 86_400

/** `what` names what is said: of one message the last word of each counts. `mark`: in the words of who said it. */
type EarlyMarkRow = { _id: string; sessionId: string; mark: object; at: Date }

export const earlyMarkIndexes: IndexDescription[] = [
  { key: { sessionId: 1, at: -1 }, name: 'newest' }, // list()
  { key: { at: 1 }, name: 'memory', expireAfterSeconds: memorySeconds },
]

export function createEarlyMarkStore(db: Db) {
  const marks: Collection<EarlyMarkRow> = db.collection('earlyMarks')
  const toId = (sessionId: string, messageId: string, what: string) => `${sessionId}/${messageId}/${what}`

  return {
    async keep(sessionId: string, messageId: string, what: string, mark: object): Promise<void> {
      const row = { sessionId, mark, at: new Date() }
      await marks.replaceOne({ _id: toId(sessionId, messageId, what) }, row, { upsert: true })
    },

    async drop(sessionId: string, messageId: string, what: string): Promise<void> {
      await marks.deleteOne({ _id: toId(sessionId, messageId, what) })
    },

    /** The newest ones, the oldest of them first. */
    async list(sessionId: string, limit: number): Promise<object[]> {
      const rows = await marks.find({ sessionId }).sort({ at: -1 }).limit(limit).toArray()
      return rows.toReversed().map(({ mark }) => mark)
    },

    async removeAll(sessionId: string): Promise<void> {
      await marks.deleteMany({ sessionId })
    },
  }
}
