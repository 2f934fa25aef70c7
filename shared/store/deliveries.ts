// Deliveries: one row per webhook and event, whatever happens how often. What is marked is marked by the latest worker.
import type { Collection, Db, Filter, IndexDescription } from 'mongodb'
import type { Attempt, Delivery, DeliveryState, DeliveryType } from '../model/delivery.ts'
import { formatCursor, parseCursor, type Page } from '../model/page.ts'
import { createToken } from './cipher.ts'
import { isDuplicateKey } from './client.ts'

/** Attempts kept of one delivery; what is older goes. */
const keptAttempts = 30

export function deliveryIndexes(retentionDays: number): IndexDescription[] {
  return [
    // due(), requeue(), loosen(): only what has not ended stands in it.
    {
      key: { webhookId: 1, ordered: 1, dueAt: 1 },
      name: 'due',
      partialFilterExpression: { state: 'pending' },
    },
    { key: { webhookId: 1, at: -1, _id: 1 }, name: 'newest' }, // page(), again() by time
    { key: { webhookId: 1, state: 1, at: -1, _id: 1 }, name: 'newest_in_state' }, // page(), again() by time
    { key: { webhookId: 1, stream: 1, seq: 1 }, name: 'place' }, // again() by number
    { key: { finishedAt: 1 }, name: 'retention', expireAfterSeconds: retentionDays * 86_400 },
  ]
}

/** What a worker found in the feed for its webhook. */
export type NewDelivery = { stream: string; seq: number; type: DeliveryType; at: Date }

/** What an attempt led to. */
export type Outcome = { state: 'pending'; dueAt: Date } | { state: Exclude<DeliveryState, 'pending'> }

/** Which deliveries to make again: by number in one stream, or by the events' time. Both ends are exclusive. */
export type AgainRange =
  | { stream: string; after?: number | undefined; before?: number | undefined }
  | { after?: Date | undefined; before?: Date | undefined }

export function createDeliveryStore(db: Db) {
  const deliveries: Collection<Delivery> = db.collection('deliveries')
  const idOf = (webhookId: string, eventId: string) => `${webhookId}/${eventId}`

  function toRow(webhookId: string, event: NewDelivery, epoch: number, ordered: boolean): Delivery {
    const eventId = `${event.stream}:${event.seq}`
    const { stream, seq, type, at } = event
    return {
      _id: idOf(webhookId, eventId),
      webhookId,
      eventId,
      type,
      stream,
      seq,
      at,
      state: 'pending',
      ordered,
      dueAt: new Date(),
      tries: 0,
      attempts: [],
      epoch,
    }
  }
  /** Back to the beginning of the table of waits, at once and in no order. */
  const anew = () => ({
    $set: { state: 'pending' as const, dueAt: new Date(), tries: 0, ordered: false },
    $unset: { finishedAt: '' as const },
  })

  return {
    /** Queues what does not stand yet. */
    async add(webhookId: string, events: readonly NewDelivery[], epoch: number): Promise<void> {
      if (events.length === 0) return
      try {
        await deliveries.insertMany(
          events.map((event) => toRow(webhookId, event, epoch, false)),
          { ordered: false },
        )
      } catch (error) {
        const failed = (error as { writeErrors?: { code?: number }[] }).writeErrors ?? []
        if (!isDuplicateKey(error) || failed.some(({ code }) => code !== undefined && code !== 11000)) throw error
      }
    },

    /** Queues the next of an ordered stream and answers the row that stands, which may have ended already. */
    async addOrdered(webhookId: string, event: NewDelivery, epoch: number): Promise<Delivery | null> {
      const row = toRow(webhookId, event, epoch, true)
      try {
        await deliveries.insertOne(row)
        return row
      } catch (error) {
        if (!isDuplicateKey(error)) throw error
        return deliveries.findOne({ _id: row._id })
      }
    },

    async addTest(webhookId: string): Promise<Delivery> {
      const eventId = `test:t${createToken(9)}`
      const now = new Date()
      const row: Delivery = {
        _id: idOf(webhookId, eventId),
        webhookId,
        eventId,
        type: 'webhook.test',
        at: now,
        state: 'pending',
        ordered: false,
        dueAt: now,
        tries: 0,
        attempts: [],
        epoch: 0,
      }
      await deliveries.insertOne(row)
      return row
    },

    /** What is queued in no order, soonest first, also what is not due yet. */
    async due(webhookId: string, limit: number): Promise<Delivery[]> {
      return deliveries.find({ webhookId, ordered: false, state: 'pending' }).sort({ dueAt: 1 }).limit(limit).toArray()
    },

    /** Writes what an attempt led to. `lost` when it has ended already, or a later worker wrote of it. */
    async record(
      id: string,
      epoch: number,
      attempt: Attempt | undefined,
      outcome: Outcome,
    ): Promise<'recorded' | 'lost'> {
      const $set = outcome.state === 'pending' ? { ...outcome, epoch } : { ...outcome, epoch, finishedAt: new Date() }
      const { matchedCount } = await deliveries.updateOne(
        { _id: id, state: 'pending', epoch: { $lte: epoch } },
        {
          $set,
          ...(attempt ? { $inc: { tries: 1 }, $push: { attempts: { $each: [attempt], $slice: -keptAttempts } } } : {}),
        },
      )
      return matchedCount === 1 ? 'recorded' : 'lost'
    },

    /** Everything queued is tried at once, from the beginning of the table of waits. */
    async requeue(webhookId: string): Promise<void> {
      await deliveries.updateMany(
        { webhookId, ordered: { $in: [true, false] }, state: 'pending' },
        { $set: { dueAt: new Date(), tries: 0 } },
      )
    },

    /** What held a stream that is not kept in order any more goes on as one among others. */
    async loosen(webhookId: string, except: readonly string[]): Promise<void> {
      await deliveries.updateMany(
        { webhookId, ordered: true, state: 'pending', stream: { $nin: [...except] } },
        { $set: { ordered: false } },
      )
    },

    async read(webhookId: string, eventId: string): Promise<Delivery | null> {
      return deliveries.findOne({ _id: idOf(webhookId, eventId) })
    },

    /** By the events' time, newest first. */
    async page(
      webhookId: string,
      query: { limit: number; cursor?: string | undefined; state?: DeliveryState | undefined },
    ): Promise<Page<Delivery>> {
      const filter: Filter<Delivery> = { webhookId, ...(query.state === undefined ? {} : { state: query.state }) }
      if (query.cursor !== undefined) {
        const [at, id] = parseCursor('deliveries', query.cursor, ['date', 'string']) as [Date, string]
        filter.$or = [{ at: { $lt: at } }, { at, _id: { $gt: id } }]
      }
      const rows = await deliveries
        .find(filter)
        .sort({ at: -1, _id: 1 })
        .limit(query.limit + 1)
        .toArray()
      const data = rows.slice(0, query.limit)
      const last = data.at(-1)
      return {
        data,
        nextCursor: rows.length > query.limit && last ? formatCursor('deliveries', [last.at, last._id]) : null,
      }
    },

    /** One more time, whatever became of it; `null` when there is none. What is queued is tried at once. */
    async redeliver(webhookId: string, eventId: string): Promise<Delivery | null> {
      const _id = idOf(webhookId, eventId)
      await deliveries.updateOne({ _id, state: { $ne: 'pending' } }, anew())
      await deliveries.updateOne({ _id, state: 'pending' }, { $set: { dueAt: new Date() } })
      return deliveries.findOne({ _id })
    },

    /** The same for all in a range that have ended, at most `limit`, from its beginning. `last`: the last one taken. */
    async redeliverRange(
      webhookId: string,
      range: AgainRange,
      limit: number,
      state?: DeliveryState,
    ): Promise<{ count: number; last: Delivery | undefined; isMore: boolean }> {
      const isByNumber = 'stream' in range
      const within: Record<string, unknown> = {}
      if (range.after !== undefined) within['$gt'] = range.after
      if (range.before !== undefined) within['$lt'] = range.before
      const bounds = Object.keys(within).length > 0 ? { [isByNumber ? 'seq' : 'at']: within } : {}
      const rows = await deliveries
        .find({
          webhookId,
          ...(isByNumber ? { stream: range.stream } : {}),
          ...bounds,
          ...(state === undefined ? {} : { state }),
        } as Filter<Delivery>)
        .sort(isByNumber ? { seq: 1 } : { at: 1, _id: -1 })
        .limit(limit + 1)
        .toArray()
      const taken = rows.slice(0, limit)
      const { modifiedCount } = await deliveries.updateMany(
        { _id: { $in: taken.map((row) => row._id) }, state: { $ne: 'pending' } },
        anew(),
      )
      return { count: modifiedCount, last: taken.at(-1), isMore: rows.length > limit }
    },

    async removeAll(webhookId: string): Promise<void> {
      await deliveries.deleteMany({ webhookId })
    },
  }
}
