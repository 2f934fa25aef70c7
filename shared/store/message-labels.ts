// Labels on single messages. They stand on the messages themselves.
import type { Collection, Db, IndexDescription } from 'mongodb'
import type { Message } from '../model/message.ts'

export const messageLabelIndexes: IndexDescription[] = [
  {
    key: { sessionId: 1, labels: 1 },
    name: 'label', // unlabel()
    partialFilterExpression: { labels: { $exists: true } },
  },
]

export function createMessageLabelStore(db: Db) {
  const messages: Collection<Message> = db.collection('messages')

  return {
    /** Puts a label on a message, or takes it off; `null` when there is no such message. */
    async label(key: string, labelId: string, isOn: boolean): Promise<Message | null> {
      const change = { labels: labelId }
      const update = isOn ? { $addToSet: change } : { $pull: change }
      return messages.findOneAndUpdate({ _id: key }, update, { returnDocument: 'after' })
    },

    /** Takes a label off `limit` messages at most, once they are told as they will be; returns how many. */
    async unlabel(
      sessionId: string,
      labelId: string,
      limit: number,
      tell: (rows: readonly Message[]) => Promise<void>,
    ): Promise<number> {
      const rows = await messages.find({ sessionId, labels: labelId }).limit(limit).toArray()
      if (rows.length === 0) return 0
      await tell(rows.map((row) => ({ ...row, labels: (row.labels ?? []).filter((one) => one !== labelId) })))
      await messages.updateMany({ _id: { $in: rows.map((row) => row._id) } }, { $pull: { labels: labelId } })
      return rows.length
    },
  }
}
