// Chats: one per conversation, whichever of its addresses is used.
import type { Collection, Db, Document, Filter, IndexDescription } from 'mongodb'
import type { Chat } from '../model/chat.ts'
import { createCoalescer } from './coalesce.ts'
import { isGroupJid, phoneOf } from '../model/jid.ts'
import { moveMessages, unifyChats } from './unify-chats.ts'
import { formatCursor, parseCursor, type Page } from '../model/page.ts'

export const chatIndexes: IndexDescription[] = [
  { key: { sessionId: 1, pinned: -1, lastActivity: -1, _id: 1 }, name: 'order' }, // page()
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
            heard: false,
            archived: false,
            pinned: 0,
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
      if (touch.name !== undefined) set['name'] = { $literal: touch.name }
      if (touch.heard) set['heard'] = true
      if (touch.unread === 'clear') set['unreadCount'] = 0
      else if (touch.unread) set['unreadCount'] = { $add: [{ $ifNull: ['$unreadCount', 0] }, touch.unread] }
      if (touch.lastMessage) {
        const { at } = touch.lastMessage
        const isNewer = { $lte: [{ $ifNull: ['$lastMessage.at', new Date(0)] }, at] }
        set['lastMessage'] = { $cond: [isNewer, { $literal: touch.lastMessage }, '$lastMessage'] }
        set['lastActivity'] = { $cond: [isNewer, at, '$lastActivity'] }
      }
      if (Object.keys(set).length > 0)
        await update({ filter: { _id: `${sessionId}/${chatId}` }, update: [{ $set: set }] })
    },

    /** What the phone says of a chat (history, app state). */
    async describe(
      sessionId: string,
      chatId: string,
      facts: Partial<Pick<Chat, 'name' | 'unreadCount' | 'archived' | 'pinned' | 'heard'>>,
    ): Promise<void> {
      if (Object.keys(facts).length > 0) await chats.updateOne({ _id: `${sessionId}/${chatId}` }, { $set: facts })
    },

    /** Pinned first, then by last activity. */
    async page(
      sessionId: string,
      query: {
        limit: number
        cursor?: string | undefined
        archived?: boolean | undefined
        unread?: boolean | undefined
      },
    ): Promise<Page<Chat>> {
      const conditions: Filter<Chat>[] = [{ sessionId }]
      if (query.archived !== undefined) conditions.push({ archived: query.archived })
      if (query.unread !== undefined) conditions.push(query.unread ? { unreadCount: { $gt: 0 } } : { unreadCount: 0 })
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
      return chats.countDocuments({ sessionId })
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
