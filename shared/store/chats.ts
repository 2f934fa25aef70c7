// Chats: one per conversation, whichever of its addresses is used.
import type { Collection, Db, Document, Filter, IndexDescription } from 'mongodb'
import type { Chat } from '../model/chat.ts'
import { toNameTokens, toQueryTokens } from '../model/name-tokens.ts'
import { createCoalescer } from './coalesce.ts'
import { isGroupJid, phoneOf, storiesJid } from '../model/jid.ts'
import { moveMessages, unifyChats } from './unify-chats.ts'
import { formatCursor, parseCursor, type Page } from '../model/page.ts'

export const chatIndexes: IndexDescription[] = [
  { key: { sessionId: 1, pinned: -1, lastActivity: -1, _id: 1 }, name: 'order' }, // page(), count()
  { key: { sessionId: 1, archived: 1, pinned: -1, lastActivity: -1, _id: 1 }, name: 'archived' }, // page()
  { key: { sessionId: 1, isUnread: 1, pinned: -1, lastActivity: -1, _id: 1 }, name: 'unread' }, // page()
  { key: { sessionId: 1, labels: 1, pinned: -1, lastActivity: -1, _id: 1 }, name: 'label' }, // page(), unlabel()
  { key: { sessionId: 1, tokens: 1, _id: 1 }, name: 'name' }, // page()
  { key: { sessionId: 1, jids: 1 }, name: 'alias' }, // resolve(), among()
]

export type ChatStore = ReturnType<typeof createChatStore>

export type ChatTouch = {
  lastMessage?: NonNullable<Chat['lastMessage']>
  /** Messages to add to the unread counter; 'clear' sets it to 0. */
  unread?: number | 'clear'
  name?: string
  /** The other side wrote or reacted. It stays so. */
  heard?: true
  ephemeralSeconds?: number
}

/** What a phone or an order of ours says of a chat; `null` takes a value away. */
export type ChatFacts = Partial<
  Pick<
    Chat,
    'name' | 'unreadCount' | 'markedUnread' | 'archived' | 'pinned' | 'heard' | 'locked' | 'labels' | 'ephemeralSeconds'
  >
> & { mutedUntil?: Date | null }

export type ChatQuery = {
  limit: number
  cursor?: string | undefined
  archived?: boolean | undefined
  unread?: boolean | undefined
  label?: string | undefined
  /** Beginnings of words of its name, all of them; such a list is in no order that means anything, but always the same. */
  q?: string | undefined
}

export function createChatStore(db: Db) {
  const chats: Collection<Chat> = db.collection('chats')
  const update = createCoalescer(async (updates: readonly { filter: { _id: string }; update: Document[] }[]) => {
    await chats.bulkWrite(
      updates.map((updateOne) => ({ updateOne })),
      { ordered: true },
    )
    return updates.map(() => ({ value: undefined }))
  })

  async function search(sessionId: string, query: ChatQuery, q: string): Promise<Page<Chat>> {
    const [first, ...others] = toQueryTokens(q)
    if (first === undefined) return { data: [], nextCursor: null }
    const conditions: Filter<Chat>[] = [{ sessionId, tokens: first, pinned: { $gte: 0 } }, ...toConditions(query)]
    if (others.length > 0) conditions.push({ tokens: { $all: others } })
    if (query.cursor !== undefined) {
      const [key] = parseCursor('chats found', query.cursor, ['string']) as [string]
      conditions.push({ _id: { $gt: key } })
    }
    const rows = await chats
      .find({ $and: conditions })
      .sort({ _id: 1 })
      .limit(query.limit + 1)
      .toArray()
    const data = rows.slice(0, query.limit)
    const last = data.at(-1)
    return { data, nextCursor: rows.length > query.limit && last ? formatCursor('chats found', [last._id]) : null }
  }

  return {
    /** The chat known by any of these jids; `undefined` when none is. */
    async resolve(sessionId: string, jids: readonly string[]): Promise<Chat | undefined> {
      return (
        await chats
          .find({ sessionId, jids: { $in: [...jids] } })
          .limit(1)
          .toArray()
      )[0]
    },

    /** Every chat known by any of these jids, in no order. */
    async among(
      sessionId: string,
      jids: readonly string[],
    ): Promise<Pick<Chat, 'chatId' | 'jids' | 'heard' | 'unreadCount'>[]> {
      return chats
        .find({ sessionId, jids: { $in: [...jids] } }, { projection: { chatId: 1, jids: 1, heard: 1, unreadCount: 1 } })
        .toArray()
    },

    /** Chats by their ids, whole, in no order. */
    async resolveAll(sessionId: string, chatIds: readonly string[]): Promise<Chat[]> {
      return chats.find({ _id: { $in: chatIds.map((chatId) => `${sessionId}/${chatId}`) } }).toArray()
    },

    /**
     * `resolve`, created under the first jid when it is new; further jids become aliases. Two chats that are one by these
     * jids become one: the older stays. `onMerge` is told before.
     */
    async resolveOrCreate(
      sessionId: string,
      jids: readonly [string, ...string[]],
      at: Date,
      onMerge: (keep: Chat, other: Chat) => Promise<unknown> = async () => undefined,
    ): Promise<Chat> {
      const known = await chats
        .find({ sessionId, jids: { $in: [...jids] } })
        .limit(2)
        .toArray()
      const [one, two] = known
      if (one && two) {
        const [keep, other] = one.createdAt <= two.createdAt ? [one, two] : [two, one]
        // Told before it is done: cut short, it is told and done again.
        await onMerge(keep, other)
        known.splice(0, 2, await unifyChats(db, chats, keep, other))
      }
      const [first] = jids
      const chatId = known[0]?.chatId ?? first
      const phone = jids.map(phoneOf).find((digits) => digits !== undefined)
      if (known[0] && jids.every((jid) => known[0]?.jids.includes(jid))) return known[0]
      const chat = await chats.findOneAndUpdate(
        { _id: `${sessionId}/${chatId}` },
        {
          $addToSet: { jids: { $each: [...jids] } },
          ...(phone ? { $set: { phone } } : {}),
          $setOnInsert: {
            sessionId,
            chatId,
            isGroup: isGroupJid(chatId),
            unreadCount: 0,
            isUnread: false,
            heard: false,
            archived: false,
            // Stories stand in no list.
            pinned: chatId === storiesJid ? -1 : 0,
            lastActivity: at,
            createdAt: new Date(),
          },
        },
        { upsert: true, returnDocument: 'after' },
      )
      if (!chat) throw new Error('an upsert that returns nothing')
      return chat
    },

    /** What was written into a chat while it became part of another follows it. */
    gather: (sessionId: string, from: string, to: string): Promise<void> => moveMessages(db, sessionId, from, to),

    /** Applies what a message changed, in one update. An older message never takes the newer one's place. */
    async touch(sessionId: string, chatId: string, touch: ChatTouch): Promise<void> {
      const set: Record<string, unknown> = {}
      if (touch.name !== undefined) Object.assign(set, named({ $literal: touch.name }, touch.name))
      if (touch.heard) set['heard'] = true
      if (touch.ephemeralSeconds !== undefined) set['ephemeralSeconds'] = touch.ephemeralSeconds
      if (touch.unread === 'clear') Object.assign(set, { unreadCount: 0, markedUnread: false, isUnread: false })
      else if (touch.unread) {
        set['unreadCount'] = { $add: [{ $ifNull: ['$unreadCount', 0] }, touch.unread] }
        set['isUnread'] = true
      }
      if (touch.lastMessage) {
        const { at } = touch.lastMessage
        // What was cleared does not come back when it is told again.
        const isNewer = {
          $and: [
            { $lte: [{ $ifNull: ['$lastMessage.at', new Date(0)] }, at] },
            { $lt: [{ $ifNull: ['$clearedAt', new Date(0)] }, at] },
          ],
        }
        set['lastMessage'] = { $cond: [isNewer, { $literal: touch.lastMessage }, '$lastMessage'] }
        set['lastActivity'] = { $cond: [isNewer, at, '$lastActivity'] }
        set['pinned'] = { $cond: [isNewer, { $max: ['$pinned', 0] }, '$pinned'] }
      }
      if (Object.keys(set).length > 0)
        await update({ filter: { _id: `${sessionId}/${chatId}` }, update: [{ $set: set }] })
    },

    /** What the phone says of a chat (history, app state). */
    async describe(sessionId: string, chatId: string, facts: ChatFacts): Promise<void> {
      const { mutedUntil, ...set } = facts
      if (Object.keys(facts).length === 0) return
      const { name, unreadCount, markedUnread } = set
      await chats.updateOne(
        { _id: `${sessionId}/${chatId}` },
        {
          $set: {
            ...set,
            ...(name === undefined ? {} : named(name, name)),
            ...(unreadCount === undefined && markedUnread === undefined
              ? {}
              : { isUnread: (unreadCount ?? 0) > 0 || markedUnread === true }),
            ...(mutedUntil ? { mutedUntil } : {}),
          },
          ...(mutedUntil === null ? { $unset: { mutedUntil: '' as const } } : {}),
        },
      )
    },

    /** Puts a label on a chat, or takes it off. */
    async label(sessionId: string, chatId: string, labelId: string, isOn: boolean): Promise<void> {
      const change = { labels: labelId }
      await chats.updateOne({ _id: `${sessionId}/${chatId}` }, isOn ? { $addToSet: change } : { $pull: change })
    },

    /** Takes a label off `limit` chats at most, once they are told as they will be; returns how many. */
    async unlabel(
      sessionId: string,
      labelId: string,
      limit: number,
      tell: (rows: readonly Chat[]) => Promise<void>,
    ): Promise<number> {
      const rows = await chats.find({ sessionId, labels: labelId }).limit(limit).toArray()
      if (rows.length === 0) return 0
      await tell(rows.map((row) => ({ ...row, labels: (row.labels ?? []).filter((one) => one !== labelId) })))
      await chats.updateMany({ _id: { $in: rows.map((row) => row._id) } }, { $pull: { labels: labelId } })
      return rows.length
    },

    /**
     * Its messages up to then are gone; `lastMessage` is the newest that is left. `deleted`: it is not listed any more,
     * unless something newer stands in it. Returns the row.
     */
    async clear(
      sessionId: string,
      chatId: string,
      cleared: { upTo: Date; deleted: boolean; lastMessage: Chat['lastMessage'] },
    ): Promise<Chat | null> {
      const { upTo, deleted, lastMessage } = cleared
      return chats.findOneAndUpdate(
        { _id: `${sessionId}/${chatId}` },
        {
          $max: { clearedAt: upTo },
          $set: lastMessage
            ? { lastMessage }
            : { unreadCount: 0, markedUnread: false, isUnread: false, ...(deleted ? { pinned: -1, labels: [] } : {}) },
          ...(lastMessage ? {} : { $unset: { lastMessage: '' as const } }),
        },
        { returnDocument: 'after' },
      )
    },

    /** Pinned first, then by last activity. Deleted ones are not among them. */
    async page(sessionId: string, query: ChatQuery): Promise<Page<Chat>> {
      if (query.q !== undefined) return search(sessionId, query, query.q)
      const conditions: Filter<Chat>[] = [{ sessionId, pinned: { $gte: 0 } }, ...toConditions(query)]
      if (query.cursor !== undefined) {
        const [pinned, at, key] = parseCursor('chats', query.cursor, ['number', 'date', 'string']) as [
          number,
          Date,
          string,
        ]
        conditions.push({
          $or: [
            { pinned: { $lt: pinned } },
            { pinned, lastActivity: { $lt: at } },
            { pinned, lastActivity: at, _id: { $gt: key } },
          ],
        })
      }
      const rows = await chats
        .find({ $and: conditions })
        .sort({ pinned: -1, lastActivity: -1, _id: 1 })
        .limit(query.limit + 1)
        .toArray()
      const data = rows.slice(0, query.limit)
      const last = data.at(-1)
      return {
        data,
        nextCursor:
          rows.length > query.limit && last ? formatCursor('chats', [last.pinned, last.lastActivity, last._id]) : null,
      }
    },

    async count(sessionId: string): Promise<number> {
      return chats.countDocuments({ sessionId, pinned: { $gte: 0 } })
    },

    /** Chats of these sessions together, or of all. */
    async countIn(sessionIds: readonly string[] | undefined): Promise<number> {
      return sessionIds ? chats.countDocuments({ sessionId: { $in: [...sessionIds] } }) : chats.estimatedDocumentCount()
    },

    async removeAll(sessionId: string): Promise<void> {
      await chats.deleteMany({ sessionId })
    },
  }
}

const named = <Name>(name: Name, text: string) => ({ name, tokens: toNameTokens(text) })

function toConditions({ archived, unread, label }: ChatQuery): Filter<Chat>[] {
  return [
    ...(archived === undefined ? [] : [{ archived }]),
    ...(unread === undefined ? [] : [{ isUnread: unread }]),
    ...(label === undefined ? [] : [{ labels: label }]),
  ]
}
