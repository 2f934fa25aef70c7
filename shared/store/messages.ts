// Messages: one row per message and chat; idempotent by key, statuses only forward.
import { MongoBulkWriteError, type Collection, type Db, type Filter, type IndexDescription } from 'mongodb'
import { isDuplicateKey } from './client.ts'
import { coalesceMany, createCoalescer, type Outcome } from './coalesce.ts'
import { isLaterStatus, toMessageKey, type Message, type MessageStatus, type Reaction } from '../model/message.ts'
import { contentFields, type PicturedPreview } from '../model/content.ts'
import type { MessageMedia } from '../model/media.ts'
import type { EventResponse } from '../model/planned-event.ts'
import type { Vote } from '../model/poll.ts'
import type { Receipts, ReceiptStatus } from '../model/receipts.ts'
import { formatCursor, parseCursor, type Page } from '../model/page.ts'
import { toTextTokens, toTokens } from '../model/text-tokens.ts'

export const messageIndexes: IndexDescription[] = [
  { key: { sessionId: 1, chatId: 1, timestamp: -1, _id: -1 }, name: 'history' }, // page()
  { key: { sessionId: 1, messageId: 1, chatId: 1 }, name: 'message' }, // find()
  {
    key: { sessionId: 1, tokens: 1, timestamp: -1, _id: -1 },
    name: 'words', // search()
    partialFilterExpression: { tokens: { $exists: true } },
  },
  {
    key: { sessionId: 1, 'media.fetchAt': 1 },
    name: 'toFetch', // toFetch()
    partialFilterExpression: { 'media.fetchAt': { $exists: true } },
  },
]

/** What a revoke takes away: whatever was said, and what others said of it. */
const unsetContent = Object.fromEntries(
  [...contentFields, 'previewPicture', 'tokens', 'votes', 'responses', 'raw'].map((name) => [name, '' as const]),
)

/** People in one group are at most 1,024 (faq.whatsapp.com, "group limits"). */
const maxAnswers = 1_024

const statuses: MessageStatus[] = ['queued', 'sent', 'delivered', 'read', 'played', 'failed']

/** One step of a message's life. */
type Step = { key: string; status: MessageStatus; at: Date; error?: Message['error'] }

function toUpdate({ key, status, at, error }: Step) {
  return {
    filter: { _id: key, status: { $in: statuses.filter((current) => isLaterStatus(current, status)) } },
    update: {
      $set: { status, [`statusTimes.${status}`]: at, ...(error ? { error } : {}) },
      ...(error ? {} : { $unset: { error: '' as const } }),
    },
  }
}

type OfFile = Pick<Message, '_id' | 'sessionId' | 'messageId' | 'fromMe' | 'media'>
type TimedPage = {
  limit: number
  cursor?: string | undefined
  before?: Date | undefined
  after?: Date | undefined
}
export type MessageSearch = TimedPage & {
  tokens: readonly string[]
  chatId?: string | undefined
  /** Every form of the sender's address; `me` for our own. */
  senders?: readonly string[] | undefined
  type?: string | undefined
}

/** What nobody has words for is not in the index. */
function withTokens(row: Message): Message {
  const tokens = toTokens(row)
  return tokens.length === 0 ? row : { ...row, tokens }
}

export function createMessageStore(db: Db) {
  const messages: Collection<Message> = db.collection('messages')

  /** Unordered: messages do not depend on each other, and one that stands must not keep the others waiting. */
  async function insertRows(rows: readonly Message[]): Promise<Outcome<boolean>[]> {
    try {
      await messages.insertMany([...rows], { ordered: false })
      return rows.map(() => ({ value: true }))
    } catch (error) {
      if (!(error instanceof MongoBulkWriteError) || !isDuplicateKey(error)) throw error
      const faults = [error.writeErrors].flat()
      const others = faults.filter(({ code }) => code !== error.code)
      if (others.length > 0) throw error
      const standing = new Set(faults.map(({ index }) => index))
      return rows.map((_, i) => ({ value: !standing.has(i) }))
    }
  }
  const insertEach = coalesceMany(createCoalescer(insertRows))

  async function advanceAll(steps: readonly Step[]): Promise<Outcome<Message | null>[]> {
    const [only] = steps
    if (only && steps.length === 1) {
      const { filter, update } = toUpdate(only)
      return [{ value: await messages.findOneAndUpdate(filter, update, { returnDocument: 'after' }) }]
    }
    await messages.bulkWrite(
      steps.map((step) => ({ updateOne: toUpdate(step) })),
      { ordered: true },
    )
    const rows = await messages.find({ _id: { $in: steps.map(({ key }) => key) } }).toArray()
    const byKey = new Map(rows.map((row) => [row._id, row]))
    return steps.map(({ key, status, at }) => {
      const row = byKey.get(key)
      const isTaken = row?.statusTimes[status]?.getTime() === at.getTime()
      return { value: row && isTaken ? { ...row, status } : null }
    })
  }
  const advanceOne = createCoalescer(advanceAll)

  /** Newest first; the index that serves `conditions` ends with the time and the key. */
  async function pageBy(conditions: Filter<Message>[], query: TimedPage): Promise<Page<Message>> {
    if (query.before) conditions.push({ timestamp: { $lt: query.before } })
    if (query.after) conditions.push({ timestamp: { $gt: query.after } })
    if (query.cursor !== undefined) {
      const [at, key] = parseCursor('messages', query.cursor, ['date', 'string']) as [Date, string]
      conditions.push(
        { timestamp: { $lte: at } },
        { $or: [{ timestamp: { $lt: at } }, { timestamp: at, _id: { $lt: key } }] },
      )
    }
    const rows = await messages
      .find({ $and: conditions }, { projection: { raw: 0, tokens: 0, previewPicture: 0 } })
      .sort({ timestamp: -1, _id: -1 })
      .limit(query.limit + 1)
      .toArray()
    const data = rows.slice(0, query.limit)
    const last = data.at(-1)
    return {
      data,
      nextCursor: rows.length > query.limit && last ? formatCursor('messages', [last.timestamp, last._id]) : null,
    }
  }

  /** Told twice, it gives the row both times. */
  async function answerOnce(key: string, list: 'votes' | 'responses', answer: Vote | EventResponse) {
    const { sender, at } = answer
    const standing = { $ifNull: [`$${list}`, []] }
    const others = { $filter: { input: standing, cond: { $ne: ['$$this.sender', { $literal: sender }] } } }
    const isLate = { [list]: { $elemMatch: { sender, at: { $gt: at } } } }
    return messages.findOneAndUpdate(
      { _id: key, revokedAt: { $exists: false }, $nor: [isLate], $expr: { $lt: [{ $size: others }, maxAnswers] } },
      [{ $set: { [list]: { $concatArrays: [others, [{ $literal: answer }]] } } }],
      { returnDocument: 'after' },
    )
  }

  return {
    /** Writes each message that does not stand yet. Returns the keys that were new. */
    async insert(rows: readonly Message[]): Promise<Set<string>> {
      const fresh = await insertEach(rows.map(withTokens))
      return new Set(rows.filter((_, i) => fresh[i]).map((row) => row._id))
    },

    /** A message that could not be decrypted became readable: takes the placeholder's place. */
    async replaceUndecryptable(row: Message): Promise<boolean> {
      const { _id, ...rest } = withTokens(row)
      const result = await messages.updateOne({ _id, type: 'undecryptable' }, { $set: rest })
      return result.modifiedCount === 1
    },

    async read(key: string): Promise<Message | null> {
      const row = await messages.findOne({ _id: key })
      return row
    },

    /** Up to `limit` messages with this id in one session: usually one, more when several chats have it. */
    async find(sessionId: string, messageId: string, chatId?: string, limit = 10): Promise<Message[]> {
      const filter: Filter<Message> = { sessionId, messageId, ...(chatId === undefined ? {} : { chatId }) }
      return await messages.find(filter).limit(limit).toArray()
    },

    /** The first one of a chat that is kept. */
    async oldest(sessionId: string, chatId: string): Promise<Message | undefined> {
      const [first] = await messages
        .find({ sessionId, chatId }, { projection: { raw: 0, tokens: 0, previewPicture: 0 } })
        .sort({ timestamp: 1, _id: 1 })
        .limit(1)
        .toArray()
      return first
    },

    /** Whether a message of this sender is kept in the chat. */
    async anyFrom(sessionId: string, chatId: string, sender: string): Promise<boolean> {
      // Their keys begin alike; '0' is what comes after '/'.
      const first = toMessageKey(sessionId, chatId, sender, '')
      const inReach = { $gte: first, $lt: `${first.slice(0, -1)}0` }
      return (await messages.findOne({ _id: inReach }, { projection: { _id: 1 } })) !== null
    },

    /** History of a chat, newest first; `before` / `after` bound the time. */
    async page(sessionId: string, chatId: string, query: TimedPage): Promise<Page<Message>> {
      return pageBy([{ sessionId, chatId }], query)
    },

    /**
     * Messages that have every word of `tokens` (at least one), newest first. The longest word, which is most likely the rarest, is looked up; the rest of
     * the question is asked of what has it.
     */
    async search(sessionId: string, query: MessageSearch): Promise<Page<Message>> {
      const [rarest, ...others] = [...query.tokens].sort((a, b) => b.length - a.length)
      const conditions: Filter<Message>[] = [{ sessionId, tokens: rarest }]
      if (others.length > 0) conditions.push({ tokens: { $all: others } })
      if (query.chatId !== undefined) conditions.push({ chatId: query.chatId })
      if (query.senders) conditions.push({ sender: { $in: [...query.senders] } })
      if (query.type !== undefined) conditions.push({ type: query.type })
      return pageBy(conditions, query)
    },

    /**
     * Moves the status forward and returns the row as this step made it; `null` when it was as far already, or is not there.
     * The same step of the same time twice may return the row twice.
     */
    advance: (key: string, status: MessageStatus, at: Date, error?: Message['error']): Promise<Message | null> =>
      advanceOne({ key, status, at, ...(error ? { error } : {}) }),

    /**
     * Notes who has received, read or played a message; each name once, its first time. Only who has a place already is
     * noted. Returns the receipts of the messages that have any.
     */
    async noteReceipts(
      steps: readonly { key: string; names: readonly string[]; status: ReceiptStatus; at: Date }[],
    ): Promise<Map<string, Receipts>> {
      const updates = steps.flatMap(({ key, names, status, at }) =>
        names.map((name) => ({
          updateOne: {
            filter: { _id: key, [`receipts.${name}`]: { $exists: true } },
            update: { $min: { [`receipts.${name}.${status}`]: at } },
          },
        })),
      )
      if (updates.length > 0) await messages.bulkWrite(updates, { ordered: false })
      const keys = [...new Set(steps.map(({ key }) => key))]
      const rows = await messages.find({ _id: { $in: keys } }, { projection: { receipts: 1 } }).toArray()
      return new Map(rows.flatMap(({ _id, receipts }) => (receipts ? [[_id, receipts]] : [])))
    },

    /** Keeps what WhatsApp was given of a message of ours, for retries and quotes; in whichever chat it is by now. */
    async keepRaw(sessionId: string, messageId: string, raw: Uint8Array): Promise<void> {
      await messages.updateMany({ sessionId, messageId, fromMe: true }, { $set: { raw } })
    },

    /** What came of a message's file; `null` when the message was revoked meanwhile, or is not there. */
    async setMedia(key: string, media: MessageMedia, raw?: Uint8Array): Promise<Message | null> {
      return messages.findOneAndUpdate(
        { _id: key, revokedAt: { $exists: false } },
        { $set: { media, ...(raw ? { raw } : {}) } },
        { returnDocument: 'after' },
      )
    },

    /** Of a session, messages whose file is to be fetched, the one that is due first in front; due or not. */
    async toFetch(sessionId: string, limit: number): Promise<Message[]> {
      return messages
        .find({ sessionId, 'media.fetchAt': { $exists: true } })
        .sort({ 'media.fetchAt': 1 })
        .limit(limit)
        .toArray()
    },

    /** What the page behind a text of ours says of itself. */
    async setPreview(key: string, { picture, ...linkPreview }: PicturedPreview): Promise<void> {
      const $set = { linkPreview, ...(picture ? { previewPicture: picture } : {}) }
      await messages.updateOne({ _id: key, revokedAt: { $exists: false } }, { $set })
    },

    async edit(key: string, text: string, at: Date): Promise<Message | null> {
      return messages.findOneAndUpdate(
        { _id: key, revokedAt: { $exists: false }, $or: [{ editedAt: { $exists: false } }, { editedAt: { $lt: at } }] },
        { $set: { text, editedAt: at, tokens: toTextTokens(text) } },
        { returnDocument: 'after' },
      )
    },

    async revoke(key: string, at: Date): Promise<Message | null> {
      return messages.findOneAndUpdate(
        { _id: key, revokedAt: { $exists: false } },
        { $set: { revokedAt: at }, $unset: unsetContent },
        { returnDocument: 'after' },
      )
    },

    async star(key: string, starred: boolean): Promise<Message | null> {
      return messages.findOneAndUpdate({ _id: key }, starred ? { $set: { starred } } : { $unset: { starred: '' } }, {
        returnDocument: 'after',
      })
    },

    /** Pinned for everybody in its chat; an older word than the last one changes nothing. */
    async pin(key: string, pin: NonNullable<Message['pin']>): Promise<Message | null> {
      return messages.findOneAndUpdate(
        { _id: key, $or: [{ 'pin.at': { $exists: false } }, { 'pin.at': { $lte: pin.at } }] },
        { $set: { pin } },
        { returnDocument: 'after' },
      )
    },

    async removeMany(keys: readonly string[]): Promise<void> {
      if (keys.length > 0) await messages.deleteMany({ _id: { $in: [...keys] } })
    },

    /** Up to `limit` messages of a chat that are as old as `upTo` or older: whose they are, and what file they have. */
    async upTo(sessionId: string, chatId: string, upTo: Date, limit: number): Promise<OfFile[]> {
      const projection = { sessionId: 1, messageId: 1, fromMe: 1, media: 1 }
      return messages
        .find({ sessionId, chatId, timestamp: { $lte: upTo } }, { projection })
        .limit(limit)
        .toArray()
    },

    /** One reaction per sender; an empty emoji removes it. */
    async react(key: string, reaction: Reaction): Promise<Message | null> {
      const others = {
        $filter: {
          input: { $ifNull: ['$reactions', []] },
          cond: { $ne: ['$$this.sender', { $literal: reaction.sender }] },
        },
      }
      return messages.findOneAndUpdate(
        { _id: key },
        [
          {
            $set: { reactions: reaction.emoji === '' ? others : { $concatArrays: [others, [{ $literal: reaction }]] } },
          },
        ],
        { returnDocument: 'after' },
      )
    },

    /** One vote per person; an older one never takes a newer one's place. `null`: it was late, or there is no such message. */
    vote: (key: string, vote: Vote): Promise<Message | null> => answerOnce(key, 'votes', vote),

    /** One answer to an event per person; the same. */
    respond: (key: string, response: EventResponse): Promise<Message | null> => answerOnce(key, 'responses', response),

    /** Removes up to `limit` messages of a session; returns how many went. */
    async removeSome(sessionId: string, limit: number): Promise<number> {
      const rows = await messages
        .find({ sessionId }, { projection: { _id: 1 } })
        .limit(limit)
        .toArray()
      if (rows.length === 0) return 0
      await messages.deleteMany({ _id: { $in: rows.map((row) => row._id) } })
      return rows.length
    },
  }
}
