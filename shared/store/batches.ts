// Batches: a message to many is accepted whole or not at all, and what became of each recipient outlives its command.
import type { ClientSession, Collection, Db, Filter, IndexDescription, MongoClient } from 'mongodb'
import type { Batch, BatchCounts, BatchRecipient, EndedState, RecipientState } from '../model/batch.ts'
import type { Command } from '../model/command.ts'
import { formatCursor, parseCursor, type Page } from '../model/page.ts'
import { Problem } from '../model/problem.ts'
import { isDuplicateKey } from './client.ts'
import { createCoalescer } from './coalesce.ts'
import { toQueued, type NewCommand } from './commands.ts'

/** How long a batch is remembered after the day it was given for, seconds. */
const memorySeconds = 90 * 86_400

const expiry: IndexDescription = { key: { keptUntil: 1 }, name: 'memory', expireAfterSeconds: 0 }

export const batchIndexes: IndexDescription[] = [
  { key: { sessionId: 1, isOver: 1 }, name: 'standing' }, // standing(), removeAll()
  expiry,
]
export const batchRecipientIndexes: IndexDescription[] = [
  { key: { batchId: 1, place: 1 }, name: 'order' }, // page()
  { key: { batchId: 1, state: 1, place: 1 }, name: 'state' }, // counts(), page(), cancel(), unsettled()
  { key: { sessionId: 1 }, name: 'session' }, // removeAll()
  expiry,
]

export type NewBatch = Pick<Batch, '_id' | 'sessionId' | 'actor' | 'bodyHash' | 'notBefore' | 'expiresAt'> & {
  /** In the order of the recipients. */
  commands: (NewCommand<'message.send'> & { messageId: string })[]
}

export type Settled = { commandId: string; state: EndedState; error?: BatchRecipient['error'] }

export type BatchStore = ReturnType<typeof createBatchStore>

export function createBatchStore(client: MongoClient, db: Db) {
  const batches: Collection<Batch> = db.collection('batches')
  const recipients: Collection<BatchRecipient> = db.collection('batchRecipients')
  const commands: Collection<Command> = db.collection('commands')

  /** What stands under this id. Throws `idempotency.conflict` when the body was another. */
  async function accepted(batchId: string, bodyHash: string): Promise<Batch | null> {
    const standing = await batches.findOne({ _id: batchId })
    if (standing && standing.bodyHash !== bodyHash) throw new Problem('idempotency.conflict')
    return standing
  }

  const settleOne = createCoalescer<Settled, void>(async (settled) => {
    const endedAt = new Date()
    await recipients.bulkWrite(
      settled.map(({ commandId, state, error }) => ({
        updateOne: {
          filter: { _id: commandId, state: 'queued' as const },
          update: { $set: { state, endedAt, ...(error ? { error } : {}) } },
        },
      })),
    )
    return settled.map(() => ({ value: undefined }))
  })

  async function queuedOf(batchId: string): Promise<string[]> {
    const rows = await recipients
      .find({ batchId, state: 'queued' }, { projection: { _id: 1 } })
      .sort({ place: 1 })
      .toArray()
    return rows.map(({ _id }) => _id)
  }

  return {
    accepted,

    /**
     * The batch, its recipients and their commands, in one transaction. The same id gives the first batch back (`repeated`), and
     * throws `idempotency.conflict` when the body was another.
     */
    async accept(input: NewBatch): Promise<{ batch: Batch; repeated: boolean }> {
      const { commands: given, ...rest } = input
      const createdAt = new Date()
      const lasts = Math.max(createdAt.getTime(), input.notBefore?.getTime() ?? 0, input.expiresAt?.getTime() ?? 0)
      const keptUntil = new Date(lasts + memorySeconds * 1_000)
      const batch: Batch = { ...rest, total: given.length, isOver: false, createdAt, keptUntil }
      const rows = given.map((command, place): BatchRecipient => ({
        _id: command._id,
        batchId: batch._id,
        sessionId: batch.sessionId,
        place,
        jid: command.payload.to,
        messageId: command.messageId,
        state: 'queued',
        keptUntil,
      }))
      const insert = (session: ClientSession) =>
        session.withTransaction(async () => {
          await batches.insertOne(batch, { session })
          await recipients.insertMany(rows, { session })
          await commands.insertMany(given.map(toQueued), { session })
        })
      try {
        await client.withSession(insert)
        return { batch, repeated: false }
      } catch (error) {
        if (!isDuplicateKey(error)) throw error
        const standing = await accepted(batch._id, batch.bodyHash)
        if (!standing) throw error
        return { batch: standing, repeated: true }
      }
    },

    async read(batchId: string): Promise<Batch | null> {
      return batches.findOne({ _id: batchId })
    },

    async counts(batchId: string): Promise<BatchCounts> {
      const rows = await recipients
        .aggregate<{ _id: RecipientState; count: number }>([
          { $match: { batchId } },
          { $group: { _id: '$state', count: { $sum: 1 } } },
        ])
        .toArray()
      const counts: BatchCounts = { queued: 0, sent: 0, failed: 0, cancelled: 0, expired: 0 }
      for (const { _id, count } of rows) counts[_id] = count
      return counts
    },

    /** In the order in which they were given. */
    async page(
      batchId: string,
      query: { limit: number; cursor?: string | undefined; state?: RecipientState | undefined },
    ): Promise<Page<BatchRecipient>> {
      const filter: Filter<BatchRecipient> = { batchId, ...(query.state ? { state: query.state } : {}) }
      if (query.cursor !== undefined) {
        const [place] = parseCursor('recipients', query.cursor, ['number']) as [number]
        filter.place = { $gt: place }
      }
      const rows = await recipients
        .find(filter)
        .sort({ place: 1 })
        .limit(query.limit + 1)
        .toArray()
      const data = rows.slice(0, query.limit)
      const last = data.at(-1)
      return { data, nextCursor: rows.length > query.limit && last ? formatCursor('recipients', [last.place]) : null }
    },

    /** The outcome of one recipient; the first that is told stays. Shared by what ends side by side. */
    settle: settleOne,

    /** Cancels what has not gone. Repeatable; what is on its way, or was, stays. */
    async cancel(batchId: string): Promise<void> {
      const ids = await queuedOf(batchId)
      await commands.updateMany(
        { _id: { $in: ids }, state: 'queued', mayBeOut: { $exists: false } },
        { $set: { state: 'cancelled', finishedAt: new Date() } },
      )
      const rows = await commands.find({ _id: { $in: ids } }, { projection: { state: 1 } }).toArray()
      const cancelled = rows.filter(({ state }) => state === 'cancelled')
      await Promise.all(cancelled.map(({ _id }) => settleOne({ commandId: _id, state: 'cancelled' })))
    },

    /** Batches of this session whose end was not told yet. */
    async standing(sessionId: string): Promise<Batch[]> {
      return batches.find({ sessionId, isOver: false }).toArray()
    },

    /** Settles those whose command was ended without a word of it: somebody was cut short in between. */
    async settleForgotten(batchId: string): Promise<void> {
      const ids = await queuedOf(batchId)
      const rows = await commands.find({ _id: { $in: ids } }, { projection: { state: 1, error: 1 } }).toArray()
      const byId = new Map(rows.map((row) => [row._id, row]))
      const forgotten = ids.flatMap((commandId): Settled[] => {
        const command = byId.get(commandId)
        if (!command) return [{ commandId, state: 'failed', error: forgottenError }]
        const { state, error } = command
        if (state === 'queued' || state === 'sending') return []
        const ended = state === 'done' ? 'sent' : state
        return [{ commandId, state: ended, ...(error ? { error: { code: error.code, reason: error.reason } } : {}) }]
      })
      await Promise.all(forgotten.map(settleOne))
    },

    /** Its last progress was told. */
    async close(batchId: string): Promise<void> {
      await batches.updateOne({ _id: batchId }, { $set: { isOver: true } })
    },

    async removeAll(sessionId: string): Promise<void> {
      await recipients.deleteMany({ sessionId })
      await batches.deleteMany({ sessionId })
    },
  }
}

const forgottenError = {
  code: 'command.outcome_unknown',
  reason: 'Its command was forgotten before its outcome was kept',
}
