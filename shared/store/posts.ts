// Posts of channels: messages that have a number of their channel's.
import type { Collection, Db, IndexDescription } from 'mongodb'
import type { Post } from '../model/channel.ts'
import type { Message } from '../model/message.ts'

export const postIndexes: IndexDescription[] = [
  {
    key: { sessionId: 1, chatId: 1, 'post.serverId': 1 },
    name: 'post', // find(), among(), count()
    partialFilterExpression: { 'post.serverId': { $exists: true } },
  },
]

export function createPostStore(db: Db) {
  const messages: Collection<Message> = db.collection('messages')

  return {
    async find(sessionId: string, chatId: string, serverId: string): Promise<Message | null> {
      return messages.findOne({ sessionId, chatId, 'post.serverId': serverId })
    },

    /** Posts by their numbers, newest first. */
    async among(sessionId: string, chatId: string, serverIds: readonly string[]): Promise<Message[]> {
      const filter = { sessionId, chatId, 'post.serverId': { $in: [...serverIds] } }
      const rows = await messages.find(filter, { projection: { raw: 0, tokens: 0 } }).toArray()
      return rows.sort((a, b) => Number(b.post?.serverId) - Number(a.post?.serverId))
    },

    /** The channel's own number of a post; once given it never changes. */
    async number(key: string, serverId: string): Promise<void> {
      await messages.updateOne({ _id: key, post: { $exists: false } }, { $set: { post: { serverId } } })
    },

    /** What is counted of a post; `null` when that is no news, or there is no such post. */
    async count(sessionId: string, chatId: string, { serverId, views, reactions }: Post): Promise<Message | null> {
      const news = [
        ...(views === undefined ? [] : [{ 'post.views': { $ne: views } }]),
        ...(reactions === undefined ? [] : [{ 'post.reactions': { $ne: reactions } }]),
      ]
      if (news.length === 0) return null
      return messages.findOneAndUpdate(
        { sessionId, chatId, 'post.serverId': serverId, $or: news },
        {
          $set: {
            ...(views === undefined ? {} : { 'post.views': views }),
            ...(reactions === undefined ? {} : { 'post.reactions': reactions }),
          },
        },
        { returnDocument: 'after' },
      )
    },
  }
}
