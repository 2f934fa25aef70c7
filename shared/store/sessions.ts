// Sessions: what is wanted of each phone and what it is. The owner writes state, the API writes wishes.
import type { Collection, Db, Filter, IndexDescription, UpdateFilter } from 'mongodb'
import { formatCursor, parseCursor, type Page } from '../model/page.ts'
import { Problem } from '../model/problem.ts'
import type { CreateSession, PatchSession, Session, SessionStatus, SessionWanted } from '../model/session.ts'
import { isDuplicateKey } from './client.ts'
import { createCoalescer } from './coalesce.ts'

export const sessionIndexes: IndexDescription[] = [
  { key: { createdAt: -1, _id: 1 }, name: 'newest' }, // list()
  { key: { phone: 1 }, name: 'phone', partialFilterExpression: { phone: { $exists: true } } }, // ofPhone()
  { key: { wanted: 1, _id: 1 }, name: 'wanted' }, // wantedIds()
]

export type SessionStore = ReturnType<typeof createSessionStore>

export type SessionStatistics = Record<
  'total' | 'active' | 'connected' | 'disconnected' | 'pending' | 'totalMessages',
  number
>

/** What the owner may set; `null` removes a field. */
export type SessionPatch = { [K in keyof Omit<Session, '_id' | 'createdAt' | 'updatedAt'>]?: Session[K] | null }

export function createSessionStore(db: Db) {
  const sessions: Collection<Session> = db.collection('sessions')

  type Counting = { sessionId: string; sent?: number; received?: number }
  const countOne = createCoalescer<Counting, void>(async (countings) => {
    const lastActivity = new Date()
    await sessions.bulkWrite(
      countings.map(({ sessionId, sent = 0, received = 0 }) => ({
        updateOne: {
          filter: { _id: sessionId },
          update: { $inc: { messagesSent: sent, messagesReceived: received }, $set: { lastActivity } },
        },
      })),
      { ordered: true },
    )
    return countings.map(() => ({ value: undefined }))
  })

  return {
    /** Throws `session.exists`. */
    async create(sessionId: string, input: CreateSession, wanted: 'linked' | 'stopped' = 'linked'): Promise<Session> {
      const now = new Date()
      const session: Session = {
        _id: sessionId,
        name: input.name ?? 'Unknown',
        sandbox: input.sandbox ?? false,
        settings: input.settings ?? {},
        wanted,
        wantedRevision: 1,
        actedRevision: 0,
        status: 'pending',
        linked: false,
        connectionAttempts: 0,
        lastActivity: now,
        messagesSent: 0,
        messagesReceived: 0,
        createdAt: now,
        updatedAt: now,
      }
      try {
        await sessions.insertOne(session)
      } catch (error) {
        if (isDuplicateKey(error)) throw new Problem('session.exists')
        throw error
      }
      return session
    },

    async read(sessionId: string): Promise<Session | null> {
      return sessions.findOne({ _id: sessionId })
    },

    /** The wish alone, without pictures; `null` when there is no such session. */
    async wantedOf(sessionId: string): Promise<SessionWanted | null> {
      const row = await sessions.findOne({ _id: sessionId }, { projection: { wanted: 1 } })
      return row?.wanted ?? null
    },

    /** Figures over every session, or over `only`; sessions being deleted do not count. */
    async statistics(only: readonly string[] | undefined): Promise<SessionStatistics> {
      const isIn = (...states: SessionStatus[]) => ({ $sum: { $cond: [{ $in: ['$status', states] }, 1, 0] } })
      const [row] = await sessions
        .aggregate<SessionStatistics>([
          { $match: { wanted: { $ne: 'deleted' }, ...(only ? { _id: { $in: [...only] } } : {}) } },
          {
            $group: {
              _id: null,
              total: { $sum: 1 },
              active: { $sum: { $cond: [{ $eq: ['$wanted', 'linked'] }, 1, 0] } },
              connected: isIn('connected'),
              disconnected: isIn('disconnected', 'error', 'inactive'),
              pending: isIn('pending', 'qr_ready', 'pairing', 'connecting'),
              totalMessages: { $sum: { $add: ['$messagesSent', '$messagesReceived'] } },
            },
          },
          { $project: { _id: 0 } },
        ])
        .toArray()
      return row ?? { total: 0, active: 0, connected: 0, disconnected: 0, pending: 0, totalMessages: 0 }
    },

    /** Newest first. `only` limits to these ids; sessions being deleted are not listed. */
    async list(limit: number, cursor: string | undefined, only: readonly string[] | undefined): Promise<Page<Session>> {
      const conditions: Filter<Session>[] = [{ wanted: { $ne: 'deleted' } }]
      if (only) conditions.push({ _id: { $in: [...only] } })
      if (cursor !== undefined) {
        const [at, id] = parseCursor('sessions', cursor, ['date', 'string']) as [Date, string]
        conditions.push({ $or: [{ createdAt: { $lt: at } }, { createdAt: at, _id: { $gt: id } }] })
      }
      const rows = await sessions
        .find({ $and: conditions })
        .sort({ createdAt: -1, _id: 1 })
        .limit(limit + 1)
        .toArray()
      const data = rows.slice(0, limit)
      const last = data.at(-1)
      return {
        data,
        nextCursor: rows.length > limit && last ? formatCursor('sessions', [last.createdAt, last._id]) : null,
      }
    },

    /**
     * A new wish. Each bumps the revision, so that asking for the same state again is a restart.
     * Throws `session.moved` when one that was handed out shall connect, unless `isForced`.
     */
    async want(sessionId: string, wanted: SessionWanted, isForced = false): Promise<Session | null> {
      const mayGo = wanted === 'linked' && !isForced ? { movedAt: { $exists: false } } : {}
      const session = await sessions.findOneAndUpdate(
        { _id: sessionId, wanted: { $ne: 'deleted' }, ...mayGo },
        {
          $set: { wanted, updatedAt: new Date() },
          $inc: { wantedRevision: 1 },
          ...(wanted === 'linked' && isForced ? { $unset: { movedAt: '' as const } } : {}),
        },
        { returnDocument: 'after' },
      )
      if (session || wanted !== 'linked') return session
      const standing = await sessions.findOne({ _id: sessionId }, { projection: { movedAt: 1 } })
      if (standing?.movedAt) throw new Problem('session.moved')
      return null
    },

    /** From now on it does not connect by itself. `null`: it is not at rest. Repeatable. */
    async markMoved(sessionId: string): Promise<Session | null> {
      return sessions.findOneAndUpdate(
        {
          _id: sessionId,
          wanted: 'stopped',
          status: 'inactive',
          $expr: { $eq: ['$wantedRevision', '$actedRevision'] },
        },
        { $set: { movedAt: new Date(), updatedAt: new Date() } },
        { returnDocument: 'after' },
      )
    },

    /** Every session that is or was linked to this number. */
    async ofPhone(phone: string): Promise<Session[]> {
      return sessions.find({ phone }).toArray()
    },

    async requestPairing(sessionId: string, phone: string): Promise<Session | null> {
      return sessions.findOneAndUpdate(
        { _id: sessionId, wanted: { $ne: 'deleted' }, movedAt: { $exists: false } },
        {
          $set: { wanted: 'linked', pairing: { phone, requestedAt: new Date() }, updatedAt: new Date() },
          $inc: { wantedRevision: 1 },
        },
        { returnDocument: 'after' },
      )
    },

    async patch(sessionId: string, input: PatchSession): Promise<Session | null> {
      const set: Record<string, unknown> = { updatedAt: new Date() }
      if (input.name !== undefined) set['name'] = input.name
      const unset: Record<string, ''> = {}
      for (const [key, value] of Object.entries(input.settings ?? {}))
        if (value === null) unset[`settings.${key}`] = ''
        else set[`settings.${key}`] = value
      return sessions.findOneAndUpdate(
        { _id: sessionId, wanted: { $ne: 'deleted' } },
        {
          $set: set,
          ...(Object.keys(unset).length > 0 ? { $unset: unset } : {}),
          $inc: { settingsRevision: 1 },
        },
        { returnDocument: 'after' },
      )
    },

    /** The owner's report. */
    /** How the account calls itself; the row when that is new, else `null`. Of two who tell it at once one is told so. */
    async rename(sessionId: string, pushName: string): Promise<Session | null> {
      return sessions.findOneAndUpdate(
        { _id: sessionId, pushName: { $ne: pushName } },
        { $set: { pushName, updatedAt: new Date() } },
        { returnDocument: 'after' },
      )
    },

    async update(sessionId: string, patch: SessionPatch): Promise<void> {
      const set: Record<string, unknown> = { updatedAt: new Date() }
      const unset: Record<string, ''> = {}
      for (const [key, value] of Object.entries(patch)) {
        if (value === null) unset[key] = ''
        else if (value !== undefined) set[key] = value
      }
      const update: UpdateFilter<Session> = { $set: set as Partial<Session> }
      await sessions.updateOne(
        { _id: sessionId },
        Object.keys(unset).length > 0 ? { ...update, $unset: unset } : update,
      )
    },

    /** Adds to a session's counters; what is counted at the same time goes in one round trip. */
    count: (sessionId: string, counted: { sent?: number; received?: number }): Promise<void> =>
      countOne({ sessionId, ...counted }),

    /** Ids by wish, for the reconcile loop. */
    async wantedIds(wanted: readonly SessionWanted[]): Promise<Map<string, Session>> {
      const rows = await sessions.find({ wanted: { $in: [...wanted] } }).toArray()
      return new Map(rows.map((row) => [row._id, row]))
    },

    /** Every id there is, for a reader that may see all. */
    async ids(): Promise<string[]> {
      const rows = await sessions
        .find({}, { projection: { _id: 1 } })
        .sort({ _id: 1 })
        .toArray()
      return rows.map((row) => row._id)
    },

    async remove(sessionId: string): Promise<void> {
      await sessions.deleteOne({ _id: sessionId })
    },
  }
}
