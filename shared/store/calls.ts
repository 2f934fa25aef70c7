// Calls, newest first. A call that is over never rings again.
import type { Collection, Db, Filter, IndexDescription } from 'mongodb'
import type { Call, CallState } from '../model/call.ts'
import { formatCursor, parseCursor, type Page } from '../model/page.ts'

/** How long a call is remembered, seconds. */
const memorySeconds = 90 * 86_400

export const callIndexes: IndexDescription[] = [
  { key: { sessionId: 1, offeredAt: -1, _id: -1 }, name: 'newest' }, // page()
  { key: { offeredAt: 1 }, name: 'memory', expireAfterSeconds: memorySeconds },
]

export function createCallStore(db: Db) {
  const calls: Collection<Call> = db.collection('calls')

  return {
    /** The row as it stands: an offer that is told again, or too late, changes nothing. */
    async offer(call: Call): Promise<Call> {
      const { _id, ...row } = call
      const stands = await calls.findOneAndUpdate(
        { _id },
        { $setOnInsert: row },
        { upsert: true, returnDocument: 'after' },
      )
      return stands ?? call
    },

    /** Ends a call that rings or was answered; returns it as it stands, `null` when it was never heard of. */
    async end(sessionId: string, callId: string, state: CallState, at: Date): Promise<Call | null> {
      const _id = `${sessionId}/${callId}`
      await calls.updateOne({ _id, endedAt: { $exists: false } }, { $set: { state, endedAt: at } })
      return calls.findOne({ _id })
    },

    async accept(sessionId: string, callId: string): Promise<void> {
      await calls.updateOne({ _id: `${sessionId}/${callId}`, state: 'ringing' }, { $set: { state: 'accepted' } })
    },

    async read(sessionId: string, callId: string): Promise<Call | null> {
      return calls.findOne({ _id: `${sessionId}/${callId}` })
    },

    async page(sessionId: string, query: { limit: number; cursor?: string | undefined }): Promise<Page<Call>> {
      const conditions: Filter<Call>[] = [{ sessionId }]
      if (query.cursor !== undefined) {
        const [at, key] = parseCursor('calls', query.cursor, ['date', 'string']) as [Date, string]
        conditions.push(
          { offeredAt: { $lte: at } },
          { $or: [{ offeredAt: { $lt: at } }, { offeredAt: at, _id: { $lt: key } }] },
        )
      }
      const rows = await calls
        .find({ $and: conditions })
        .sort({ offeredAt: -1, _id: -1 })
        .limit(query.limit + 1)
        .toArray()
      const data = rows.slice(0, query.limit)
      const last = data.at(-1)
      return {
        data,
        nextCursor: rows.length > query.limit && last ? formatCursor('calls', [last.offeredAt, last._id]) : null,
      }
    },

    async removeAll(sessionId: string): Promise<void> {
      await calls.deleteMany({ sessionId })
    },
  }
}
