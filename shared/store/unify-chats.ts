// Two chats that turn out to be one person's: the older keeps its id, the messages of the other move into it.
import { isDeepStrictEqual } from 'node:util'
import type { AnyBulkWriteOperation, Collection, Db } from 'mongodb'
import type { Chat } from '../model/chat.ts'
import { toMessageKey, type Message } from '../model/message.ts'

const batch = 500

/** As it stands in the other chat. In a chat of two the other one is named like the chat. */
function toMoved({ _id, ...row }: Message, from: string, to: string): Omit<Message, '_id'> {
  const rename = (sender: string) => (sender === from ? to : sender)
  const byAnother = <T extends { sender: string }>(list: T[]) =>
    list.map((one) => ({ ...one, sender: rename(one.sender) }))
  return {
    ...row,
    chatId: to,
    sender: rename(row.sender),
    reactions: byAnother(row.reactions),
    ...(row.votes ? { votes: byAnother(row.votes) } : {}),
    ...(row.responses ? { responses: byAnother(row.responses) } : {}),
  }
}

type Fields = Record<string, unknown>

/** What was written into a row after it was copied. */
function toChange(copied: Fields, now: Fields) {
  const changed = Object.entries(now).filter(([name, value]) => !isDeepStrictEqual(value, copied[name]))
  const gone = Object.keys(copied).filter((name) => !(name in now))
  return {
    ...(changed.length > 0 ? { $set: Object.fromEntries(changed) } : {}),
    ...(gone.length > 0 ? { $unset: Object.fromEntries(gone.map((name) => [name, '' as const])) } : {}),
  }
}

/**
 * Every message of one chat into the other, in batches; what is written into a row before it goes is taken along.
 * Idempotent: cut short, the next call goes on.
 */
export async function moveMessages(db: Db, sessionId: string, from: string, to: string): Promise<void> {
  const messages: Collection<Message> = db.collection('messages')
  // Their keys begin alike; '0' is what comes after '/'. In the order of the keys what is looked at again comes first.
  const ofChat = { _id: { $gte: `${sessionId}/${from}/`, $lt: `${sessionId}/${from}0` } }
  let copied = new Map<string, Omit<Message, '_id'>>()
  for (;;) {
    const rows = await messages.find(ofChat).sort({ _id: 1 }).limit(batch).toArray()
    if (rows.length === 0) break
    const standing = new Map<string, Omit<Message, '_id'>>()
    const writes: AnyBulkWriteOperation<Message>[] = []
    const removals: AnyBulkWriteOperation<Message>[] = []
    for (const row of rows) {
      const moved = toMoved(row, from, to)
      standing.set(row._id, moved)
      const before = copied.get(row._id)
      const update = before ? toChange(before, moved) : { $setOnInsert: moved }
      const isAsCopied = Object.keys(update).length === 0
      const key = toMessageKey(sessionId, to, moved.sender, row.messageId)
      if (!isAsCopied) writes.push({ updateOne: { filter: { _id: key }, update, upsert: !before } })
      // What differs from its copy is looked at again.
      const asRead = isAsCopied ? {} : { $expr: { $eq: ['$$ROOT', { $literal: row }] } }
      removals.push({ deleteOne: { filter: { _id: row._id, ...asRead } } })
    }
    if (writes.length > 0) await messages.bulkWrite(writes)
    await messages.bulkWrite(removals)
    copied = standing
  }
}

/** Idempotent: cut short, the next call goes on. Returns the chat as it is afterwards. */
export async function unifyChats(db: Db, chats: Collection<Chat>, keep: Chat, other: Chat): Promise<Chat> {
  await moveMessages(db, keep.sessionId, other.chatId, keep.chatId)
  // `false` only when both say so: a row of an earlier version says nothing, and its messages are asked.
  const heard = keep.heard === true || other.heard === true ? true : keep.heard === false ? other.heard : undefined
  // Only what still says so: somebody may have written since the rows were read.
  if (heard === undefined) await chats.updateOne({ _id: keep._id, heard: false }, { $unset: { heard: '' as const } })
  const isNewer = other.lastActivity > keep.lastActivity && other.lastMessage
  const unified = await chats.findOneAndUpdate(
    { _id: keep._id },
    {
      $addToSet: { jids: { $each: other.jids } },
      $set: {
        unreadCount: keep.unreadCount + other.unreadCount,
        isUnread: keep.isUnread === true || other.isUnread === true,
        pinned: Math.max(keep.pinned, other.pinned),
        ...(isNewer ? { lastMessage: other.lastMessage, lastActivity: other.lastActivity } : {}),
        ...(keep.name === undefined && other.name !== undefined
          ? { name: other.name, tokens: other.tokens ?? [] }
          : {}),
        ...(other.labels?.length ? { labels: [...new Set([...(keep.labels ?? []), ...other.labels])] } : {}),
        ...(heard ? { heard } : {}),
      },
    },
    { returnDocument: 'after' },
  )
  await chats.deleteOne({ _id: other._id })
  return unified ?? keep
}
