// The durable outbox: accepted by one insert, taken by compare-and-set, never tried by two.
import { randomUUID } from 'node:crypto'
import { Timestamp, type Collection, type Db, type Filter, type IndexDescription } from 'mongodb'
import { commandStates, lightKinds, type Command, type CommandKind, type CommandState } from '../model/command.ts'
import { formatCursor, parseCursor, type Page } from '../model/page.ts'
import { Problem } from '../model/problem.ts'
import { isDuplicateKey } from './client.ts'
import { createCoalescer } from './coalesce.ts'
import { insertInOrder } from './insert-in-order.ts'

/** How long a finished command (and its idempotency key) is remembered, seconds. */
export const commandMemorySeconds = 86_400

export const commandIndexes: IndexDescription[] = [
  { key: { sessionId: 1, state: 1, ts: 1 }, name: 'outbox' }, // waiting(), countQueued()
  {
    key: { sessionId: 1, light: 1, state: 1, ts: 1 },
    name: 'light', // waitingLight()
    partialFilterExpression: { light: { $exists: true } },
  },
  {
    key: { sessionId: 1, state: 1, notBefore: 1 },
    name: 'due', // nextDue()
    partialFilterExpression: { notBefore: { $exists: true } },
  },
  { key: { sessionId: 1, messageId: 1 }, name: 'message', partialFilterExpression: { messageId: { $exists: true } } }, // ofMessage()
  { key: { sessionId: 1, createdAt: -1, _id: -1 }, name: 'newest' }, // page()
  { key: { sessionId: 1, state: 1, createdAt: -1, _id: -1 }, name: 'newestInState' }, // page() and recent() of some sessions
  { key: { state: 1, createdAt: -1, _id: -1 }, name: 'states' }, // recent() of all
  {
    key: { actor: 1, idempotencyKey: 1 },
    name: 'idempotency',
    unique: true,
    partialFilterExpression: { idempotencyKey: { $exists: true } },
  },
  { key: { finishedAt: 1 }, name: 'memory', expireAfterSeconds: commandMemorySeconds },
]

export type CommandStore = ReturnType<typeof createCommandStore>

export type NewCommand<K extends CommandKind = CommandKind> = Omit<
  Command<K>,
  'ts' | 'state' | 'light' | 'attempts' | 'createdAt'
>

/** The row of a command that nobody has taken yet. */
export const toQueued = (input: NewCommand): Command => ({
  ...input,
  // An empty Timestamp at the top level is filled in by the server at insert (MongoDB manual, "Timestamps").
  ts: new Timestamp({ t: 0, i: 0 }),
  state: 'queued',
  ...(lightKinds.includes(input.kind) ? { light: true } : {}),
  attempts: 0,
  createdAt: new Date(),
})

export function createCommandStore(db: Db) {
  const commands: Collection<Command> = db.collection('commands')

  async function firstOf(input: NewCommand): Promise<Command | null> {
    const first = await commands.findOne(
      input.idempotencyKey === undefined
        ? { _id: input._id }
        : { actor: input.actor, idempotencyKey: input.idempotencyKey },
    )
    if (first && first.bodyHash !== input.bodyHash) throw new Problem('idempotency.conflict')
    return first
  }

  const insertOne = createCoalescer<Command, 'written'>((accepted) => insertInOrder(commands, accepted))

  type Taking = { id: string; epoch: number; isLeft: boolean; mark?: string }
  const toTaking = ({ id, epoch, isLeft, mark }: Taking) => ({
    filter: {
      _id: id,
      // Whoever read it before it was refused still holds it as it was.
      refused: { $exists: false },
      $or: [{ state: 'queued' as const }, { state: 'sending' as const, epoch: { $lte: epoch } }],
    },
    update: {
      $set: { state: 'sending' as const, epoch, ...(mark === undefined ? {} : { taker: mark }) },
      $inc: { attempts: 1, ...(isLeft ? { trials: 1 } : {}) },
    },
  })
  const takeOne = createCoalescer<Taking, Command | null>(async (takings) => {
    const [only] = takings
    if (only && takings.length === 1) {
      const { filter, update } = toTaking(only)
      return [{ value: await commands.findOneAndUpdate(filter, update, { returnDocument: 'after' }) }]
    }
    const mark = randomUUID()
    await commands.bulkWrite(
      takings.map((taking) => ({ updateOne: toTaking({ ...taking, mark }) })),
      { ordered: true },
    )
    const rows = await commands.find({ _id: { $in: takings.map(({ id }) => id) } }).toArray()
    const byId = new Map(rows.filter(({ taker }) => taker === mark).map((row) => [row._id, row]))
    return takings.map(({ id, epoch }) => {
      const row = byId.get(id)
      return { value: row?.epoch === epoch ? row : null }
    })
  })

  type End = Pick<Command, 'state' | 'error' | 'result'> & { id: string; epoch: number }
  const finishOne = createCoalescer<End, void>(async (ends) => {
    const finishedAt = new Date()
    await commands.bulkWrite(
      ends.map(({ id, epoch, state, error, result }) => ({
        updateOne: {
          filter: { _id: id, epoch },
          update: { $set: { state, finishedAt, ...(error ? { error } : {}), ...(result ? { result } : {}) } },
        },
      })),
      { ordered: true },
    )
    return ends.map(() => ({ value: undefined }))
  })

  return {
    /**
     * Accepts a command with one insert, shared by what is accepted side by side. The same idempotency key gives the first command back (`repeated`),
     * and throws `idempotency.conflict` when the body was another.
     */
    async accept(input: NewCommand): Promise<{ command: Command; repeated: boolean }> {
      const command = toQueued(input)
      try {
        await insertOne(command)
        return { command, repeated: false }
      } catch (error) {
        if (!isDuplicateKey(error)) throw error
        const first = await firstOf(input)
        if (!first) throw error
        return { command: first, repeated: true }
      }
    },

    /**
     * What was accepted before under the idempotency key of `input`; `null` = nothing, or it has none.
     * Throws `idempotency.conflict` when the body was another.
     */
    accepted: (input: NewCommand): Promise<Command | null> =>
      input.idempotencyKey === undefined ? Promise.resolve(null) : firstOf(input),

    /** Commands that wait, scheduled ones included; counts no further than `limit`. */
    async countQueued(sessionId: string, limit: number): Promise<number> {
      return commands.countDocuments({ sessionId, state: 'queued' }, { limit })
    },

    /** What owners before this epoch left in `sending`, oldest first. */
    async left(sessionId: string, epoch: number, limit: number): Promise<Command[]> {
      return commands
        .find({ sessionId, state: 'sending', epoch: { $lt: epoch } })
        .sort({ ts: 1 })
        .limit(limit)
        .toArray()
    },

    /**
     * What is queued and due, oldest first. Lanes in `except` are left out, so that what waits in them hides nobody else's;
     * of lanes in `held` everything but what is light and what has expired.
     */
    async waiting(
      sessionId: string,
      limit: number,
      except: readonly string[] = [],
      held: readonly string[] = [],
    ): Promise<Command[]> {
      const now = new Date()
      const lane = except.length > 0 ? { lane: { $nin: [...except] } } : {}
      const isDue: Filter<Command> = { $or: [{ notBefore: { $exists: false } }, { notBefore: { $lte: now } }] }
      const mayGo: Filter<Command> = {
        $or: [{ lane: { $nin: [...held] } }, { light: true }, { expiresAt: { $lte: now } }],
      }
      return commands
        .find({ sessionId, state: 'queued', ...lane, $and: held.length > 0 ? [isDue, mayGo] : [isDue] })
        .sort({ ts: 1 })
        .limit(limit)
        .toArray()
    },

    /** Of what is queued only reads, typing and presence, oldest first. */
    async waitingLight(sessionId: string, limit: number): Promise<Command[]> {
      return commands.find({ sessionId, light: true, state: 'queued' }).sort({ ts: 1 }).limit(limit).toArray()
    },

    /** When the first of those that are not due yet is; `undefined` when there is none. */
    async nextDue(sessionId: string): Promise<Date | undefined> {
      const [next] = await commands
        .find({ sessionId, state: 'queued', notBefore: { $gt: new Date() } }, { projection: { notBefore: 1 } })
        .sort({ notBefore: 1 })
        .limit(1)
        .toArray()
      return next?.notBefore
    },

    /**
     * Compare-and-set before the wire. `null` = cancelled or refused meanwhile, or a later owner has it. What an earlier owner left
     * (`isLeft`) counts as a trial.
     */
    take: (id: string, epoch: number, isLeft = false): Promise<Command | null> => takeOne({ id, epoch, isLeft }),

    /** The outcome. No-op when another epoch has taken the command. */
    finish: (
      id: string,
      epoch: number,
      state: Extract<CommandState, 'done' | 'failed' | 'expired'>,
      error?: Command['error'],
      result?: Command['result'],
    ): Promise<void> => finishOne({ id, epoch, state, error, result }),

    /**
     * Back in the queue, where it keeps its place in its lane. `retryAt`: not before then; default at once.
     * `mayBeOut`: WhatsApp may have it already; it is neither cancelled nor does it expire from now on.
     */
    async putBack(
      id: string,
      epoch: number,
      { retryAt, countsAsAttempt, mayBeOut }: { retryAt?: Date; countsAsAttempt: boolean; mayBeOut: boolean },
    ): Promise<void> {
      await commands.updateOne(
        { _id: id, epoch, state: 'sending' },
        {
          $set: { state: 'queued', ...(retryAt ? { retryAt } : {}), ...(mayBeOut ? { mayBeOut } : {}) },
          ...(retryAt ? {} : { $unset: { retryAt: '' } }),
          ...(countsAsAttempt ? {} : { $inc: { attempts: -1 } }),
        },
      )
    },

    /**
     * Holds what was never sent and has passed its `expiresAt`, until it is told and finished; repeatable, also by a later
     * owner. `false` = it was cancelled, or sent, or may have been.
     */
    async startExpiry(id: string, epoch: number): Promise<boolean> {
      const result = await commands.updateOne(
        {
          _id: id,
          $or: [
            { state: 'queued', mayBeOut: { $exists: false } },
            { state: 'queued', refused: { $exists: true } },
            { state: 'sending', expiring: true, epoch: { $lte: epoch } },
            { state: 'sending', refused: { $exists: true }, epoch: { $lt: epoch } },
          ],
        },
        { $set: { state: 'sending', expiring: true, epoch } },
      )
      return result.matchedCount === 1
    },

    /** Nothing that has not gone leaves any more: each is told as failed with this, and ends. */
    async refuseAll(sessionId: string, refused: { code: string; reason: string }): Promise<void> {
      await commands.updateMany(
        { sessionId, state: { $in: ['queued', 'sending'] } },
        { $set: { refused, expiresAt: new Date(0) }, $unset: { notBefore: '', retryAt: '' } },
      )
    },

    /** Cancels what has not gone; again, it answers the same. Throws `command.not_found` or `command.already_sent`. */
    async cancel(id: string, mayCancel: (command: Command) => boolean): Promise<Command> {
      const command = await commands.findOne({ _id: id })
      if (!command || !mayCancel(command)) throw new Problem('command.not_found')
      const cancelled = await commands.findOneAndUpdate(
        { _id: id, state: 'queued', mayBeOut: { $exists: false } },
        { $set: { state: 'cancelled', finishedAt: new Date() } },
        { returnDocument: 'after' },
      )
      const standing = cancelled ?? (await commands.findOne({ _id: id }))
      if (standing?.state !== 'cancelled') throw new Problem('command.already_sent')
      return standing
    },

    async read(id: string): Promise<Command | null> {
      return commands.findOne({ _id: id })
    },

    async ofMessage(sessionId: string, messageId: string): Promise<Command | null> {
      return commands.findOne({ sessionId, messageId })
    },

    /** Newest first. */
    async page(
      sessionId: string,
      query: { limit: number; cursor?: string | undefined; state?: CommandState | undefined },
    ): Promise<Page<Command>> {
      const conditions: Filter<Command>[] = [{ sessionId }]
      if (query.state) conditions.push({ state: query.state })
      if (query.cursor !== undefined) {
        const [at, id] = parseCursor('commands', query.cursor, ['date', 'string']) as [Date, string]
        conditions.push({ $or: [{ createdAt: { $lt: at } }, { createdAt: at, _id: { $lt: id } }] })
      }
      const rows = await commands
        .find({ $and: conditions })
        .sort({ createdAt: -1, _id: -1 })
        .limit(query.limit + 1)
        .toArray()
      const data = rows.slice(0, query.limit)
      const last = data.at(-1)
      return {
        data,
        nextCursor: rows.length > query.limit && last ? formatCursor('commands', [last.createdAt, last._id]) : null,
      }
    },

    /** Over all sessions, or over `only`; newest first. One walk of the index per state, merged. */
    async recent(
      only: readonly string[] | undefined,
      query: { limit: number; cursor?: string | undefined; state?: CommandState | undefined },
    ): Promise<Page<Command>> {
      // Few sessions are merged from one stretch of the index each; MongoDB itself sorts when there are over 200.
      const conditions: Filter<Command>[] = only ? [{ sessionId: { $in: [...only] } }] : []
      if (query.cursor !== undefined) {
        const [at, id] = parseCursor('commands', query.cursor, ['date', 'string']) as [Date, string]
        conditions.push({ $or: [{ createdAt: { $lt: at } }, { createdAt: at, _id: { $lt: id } }] })
      }
      const walks = await Promise.all(
        (query.state ? [query.state] : commandStates).map((state) =>
          commands
            .find({ $and: [{ state }, ...conditions] })
            .sort({ createdAt: -1, _id: -1 })
            .limit(query.limit + 1)
            .toArray(),
        ),
      )
      const rows = walks
        .flat()
        .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a._id < b._id ? 1 : -1))
      const data = rows.slice(0, query.limit)
      const last = data.at(-1)
      return {
        data,
        nextCursor: rows.length > query.limit && last ? formatCursor('commands', [last.createdAt, last._id]) : null,
      }
    },

    async removeAll(sessionId: string): Promise<void> {
      await commands.deleteMany({ sessionId })
    },
  }
}
