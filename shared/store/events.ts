// The feed's memory: numbered facts, appended by one rule. The number decides, nothing is ever skipped or rewritten.
import { randomUUID } from 'node:crypto'
import type { Collection, Db, IndexDescription } from 'mongodb'
import type { EventInput, StoredEvent } from '../model/event.ts'
import { LeaseLost } from './auth-log.ts'
import { failedIndex, isDuplicateKey } from './client.ts'
import { createCoalescer, type Outcome } from './coalesce.ts'
import { fitData } from './fit-event.ts'

type StreamHead = { _id: string; head: number }

export function eventIndexes(retentionDays: number): IndexDescription[] {
  return [
    { key: { stream: 1, seq: 1 }, name: 'place', unique: true }, // read(), headOf()
    { key: { stream: 1, key: 1 }, name: 'fact', unique: true, partialFilterExpression: { key: { $exists: true } } },
    { key: { stream: 1, epoch: 1 }, name: 'fence', partialFilterExpression: { epoch: { $exists: true } } }, // openAppender()
    { key: { at: 1 }, name: 'retention', expireAfterSeconds: retentionDays * 86_400 },
  ]
}

/**
 * Where rows of a removed stream stand that keep late appenders out: their numbers are taken for ever, and nobody who reads
 * the stream meets them. No name of a stream has a slash.
 */
const shutOf = (stream: string) => `${stream}/shut`

export type EventStore = ReturnType<typeof createEventStore>
export type EventAppender = ReturnType<EventStore['openAppender']>

export function createEventStore(db: Db) {
  const events: Collection<StoredEvent> = db.collection('events')
  const streams: Collection<StreamHead> = db.collection('streams')

  /** The last number ever given in a stream, also when its events have expired. 0 for a stream without events. */
  async function headOf(stream: string): Promise<number> {
    const [last] = await events
      .find({ stream }, { projection: { seq: 1 } })
      .sort({ seq: -1 })
      .limit(1)
      .toArray()
    const kept = await streams.findOne({ _id: stream })
    return Math.max(last?.seq ?? 0, kept?.head ?? 0)
  }

  async function keepHead(stream: string, head: number): Promise<void> {
    await streams.updateOne({ _id: stream }, { $max: { head } }, { upsert: true })
  }

  /** Rows of later owners, those of a former life of the stream as well. */
  function laterFences(stream: string, epoch: number): Promise<StoredEvent[]> {
    return events
      .find({ stream: { $in: [stream, shutOf(stream)] }, epoch: { $gt: epoch } })
      .limit(1)
      .toArray()
  }

  /**
   * Whoever held the stream before this fence goes on after the last row that he wrote: from there to the fence the numbers
   * stay taken, without what the rows said.
   */
  async function keepShut(stream: string, before: StoredEvent | undefined, fence: StoredEvent): Promise<void> {
    let after = fence.seq - 1
    if (before) {
      const [last] = await events
        .find({
          stream,
          seq: { $gt: before.seq, $lt: fence.seq },
          writer: { $regex: `^${before.writer.split('/')[0]}/` },
        })
        .sort({ seq: -1 })
        .limit(1)
        .toArray()
      after = last?.seq ?? before.seq
    }
    await events.updateMany(
      { stream, seq: { $gt: after, $lte: fence.seq } },
      {
        // Without a time nothing expires.
        $set: { stream: shutOf(stream), type: 'session.owner_changed', epoch: fence.epoch!, data: {} },
        $unset: { key: '', at: '' },
      },
    )
  }

  /**
   * Blocks of several streams in one ordered insert; tells of each how many of its rows landed. Where a block meets a row that
   * stands, its rest is left out and the other blocks are sent again.
   */
  async function insertBlocks(blocks: readonly StoredEvent[][]): Promise<Outcome<number>[]> {
    const outcomes: Outcome<number>[] = []
    while (outcomes.length < blocks.length) {
      const rest = blocks.slice(outcomes.length)
      try {
        await events.insertMany(rest.flat(), { ordered: true })
        for (const block of rest) outcomes.push({ value: block.length })
      } catch (error) {
        if (!isDuplicateKey(error)) throw error
        let landed = failedIndex(error)
        for (const block of rest) {
          outcomes.push({ value: Math.min(landed, block.length) })
          if (landed < block.length) break
          landed -= block.length
        }
      }
    }
    return outcomes
  }
  const insertBlock = createCoalescer(insertBlocks)

  /**
   * Appends facts at the next free numbers. Facts whose `key` stands already are left out.
   * Throws LeaseLost when a fence of a later epoch is met on the way; what stood before it is ours and stays.
   */
  async function append(
    stream: string,
    inputs: readonly EventInput[],
    from: { head: number; epoch?: number; writer: string },
  ) {
    let next = from.head + 1
    let waiting = inputs.map((input) => ({ input, mark: randomUUID() }))
    const written: StoredEvent[] = []
    while (waiting.length > 0) {
      const rows = waiting.map(({ input, mark }, i): StoredEvent => {
        const seq = next + i
        const fence = input.type === 'session.owner_changed' && from.epoch !== undefined ? { epoch: from.epoch } : {}
        const key = input.key === undefined ? {} : { key: input.key }
        const writer = `${from.writer}/${mark}`
        return {
          _id: `${stream}:${seq}`,
          stream,
          seq,
          type: input.type,
          ...key,
          at: new Date(),
          data: fitData(input.data),
          ...fence,
          writer,
        }
      })
      const landed = rows.slice(0, await insertBlock(rows))
      written.push(...landed)
      next += landed.length
      waiting = waiting.slice(landed.length)
      const [blocked] = waiting
      if (!blocked) break
      // Only a row with the same key and another writer makes it a fact that stands; the number is looked at first.
      const standing = await events
        .find({ stream: { $in: [stream, shutOf(stream)] }, seq: { $gte: next } })
        .sort({ seq: 1 })
        .limit(1000)
        .toArray()
      const atNumber = standing.find((row) => row.seq === next)
      if (atNumber?.writer === `${from.writer}/${blocked.mark}`) {
        written.push(atNumber)
        next += 1
        waiting = waiting.slice(1)
      } else if (atNumber) {
        const fence = standing.find(
          (row) => row.epoch !== undefined && from.epoch !== undefined && row.epoch > from.epoch,
        )
        if (fence) throw new LeaseLost(`${stream}: epoch ${fence.epoch} stands at ${fence.seq}`)
        next = (standing.at(-1)?.seq ?? next) + 1
      } else if (
        blocked.input.key !== undefined &&
        (await events.findOne({ stream, key: blocked.input.key }, { projection: { _id: 1 } }))
      ) {
        waiting = waiting.slice(1)
      }
    }
    return { written, head: next - 1 }
  }

  return {
    headOf,

    async headsOf(ids: readonly string[]): Promise<Map<string, number>> {
      return new Map(await Promise.all(ids.map(async (id) => [id, await headOf(id)] as const)))
    },

    /** One append by a writer that holds no place of its own (the API). */
    async appendOnce(stream: string, inputs: readonly EventInput[]): Promise<StoredEvent[]> {
      const { written, head } = await append(stream, inputs, { head: await headOf(stream), writer: randomUUID() })
      await keepHead(stream, head)
      return written
    },

    /**
     * The owner's appender: one append at a time, everything that waits goes in one batch.
     * `fence` must be called first; it throws LeaseLost when a later owner stands there.
     */
    openAppender(stream: string, epoch: number) {
      const writer = randomUUID()
      let head = 0
      let keptAt = 0
      let chain: Promise<unknown> = Promise.resolve()
      let waiting: {
        inputs: readonly EventInput[]
        resolve: (rows: StoredEvent[]) => void
        reject: (error: unknown) => void
      }[] = []

      /** Never behind a later owner: from before its fence nothing is written any more. `false`: one stands. */
      async function findPlace(): Promise<boolean> {
        const found = await headOf(stream)
        if ((await laterFences(stream, epoch)).length > 0) return false
        head = found
        return true
      }

      async function drain(): Promise<void> {
        const batch = waiting
        waiting = []
        if (batch.length === 0) return
        try {
          const result = await append(
            stream,
            batch.flatMap((one) => one.inputs),
            { head, epoch, writer },
          )
          head = result.head
          if (Date.now() - keptAt > 5_000) {
            keptAt = Date.now()
            await keepHead(stream, head)
          }
          for (const one of batch) one.resolve(result.written)
        } catch (error) {
          // After an unknown outcome the numbers are read again; facts with a key are not written twice.
          if (!(error instanceof LeaseLost)) await findPlace().catch(() => undefined)
          for (const one of batch) one.reject(error)
        }
      }

      const appender = {
        /** Resolves when durable. Rejects with LeaseLost, or with the driver's error: then the same call may be made again. */
        append(inputs: readonly EventInput[]): Promise<StoredEvent[]> {
          if (inputs.length === 0) return Promise.resolve([])
          return new Promise((resolve, reject) => {
            waiting.push({ inputs, resolve, reject })
            chain = chain.then(drain)
          })
        },
        async fence(owner: string): Promise<void> {
          if (!(await findPlace())) throw new LeaseLost(`${stream}: a later owner stands already`)
          await appender.append([
            { type: 'session.owner_changed', key: `session.owner_changed/${epoch}`, data: { epoch, owner } },
          ])
        },
        get head() {
          return head
        },
        async close(): Promise<void> {
          await chain
          if (head > 0) await keepHead(stream, head)
        },
      }
      return appender
    },

    /** Events with `after < seq`, in order, at most `limit`. */
    async read(stream: string, after: number, limit: number): Promise<StoredEvent[]> {
      return events
        .find({ stream, seq: { $gt: after } })
        .sort({ seq: 1 })
        .limit(limit)
        .toArray()
    },

    /** Events by `<stream>:<seq>`; what is not kept any more is missing. */
    async byIds(ids: readonly string[]): Promise<Map<string, StoredEvent>> {
      const rows = await events.find({ _id: { $in: [...ids] } }).toArray()
      return new Map(rows.filter((row) => !row.stream.endsWith(shutOf(''))).map((row) => [row._id, row]))
    },

    /** The lowest number still kept, or `undefined` when the stream holds no events. */
    async oldest(stream: string): Promise<number | undefined> {
      const [first] = await events
        .find({ stream }, { projection: { seq: 1 } })
        .sort({ seq: 1 })
        .limit(1)
        .toArray()
      return first?.seq
    },

    /** Everything a deleted session said. Its numbers never restart, and who held it before stays behind the next one's fence. */
    async removeAll(stream: string): Promise<void> {
      await keepHead(stream, await headOf(stream))
      const fences = await events
        .find({ stream: { $in: [stream, shutOf(stream)] }, epoch: { $exists: true } })
        .toArray()
      fences.sort((a, b) => a.seq - b.seq)
      for (const [i, fence] of fences.entries())
        if (fence.stream === stream) await keepShut(stream, fences[i - 1], fence)
      await events.deleteMany({ stream })
    },
  }
}
