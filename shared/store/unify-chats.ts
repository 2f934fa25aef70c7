// Two chats that turn out to be one person's: the older keeps its id, the messages of the other move into it.
import type { Collection, Db } from 'mongodb'
import type { Chat } from '../model/chat.ts'
import { toMessageKey, type Message } from '../model/message.ts'

const batch = 500

/** Every message of one chat into the other, in batches. Idempotent: cut short, the next call goes on. */
export async function moveMessages(db: Db, sessionId: string, from: string, to: string): Promise<void> {
  const messages: Collection<Message> = db.collection('messages')
  /** In a chat of two the other one is the chat. */
  const rename = (sender: string) => (sender === from ? to : sender)
  for (;;) {
    const rows = await messages.find({ sessionId, chatId: from }).limit(batch).toArray()
    if (rows.length === 0) break
    await messages.bulkWrite(
      rows.map(({ _id, ...row }) => {
        const sender = rename(row.sender)
        const byAnother = <T extends { sender: string }>(list: T[]) =>
          list.map((one) => ({ ...one, sender: rename(one.sender) }))
        const moved = {
          ...row,
          chatId: to,
          sender,
          reactions: byAnother(row.reactions),
          ...(row.votes ? { votes: byAnother(row.votes) } : {}),
          ...(row.responses ? { responses: byAnother(row.responses) } : {}),
        }
        const key = toMessageKey(sessionId, to, sender, row.messageId)
        return { updateOne: { filter: { _id: key }, update: { $setOnInsert: moved }, upsert: true } }
      }),
    )
    await messages.deleteMany({ _id: { $in: rows.map((row) => row._id) } })
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
