// Posts of channels: messages that have a number of their channel's.
import { isDeepStrictEqual } from 'node:util'
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

const isNews = (standing: Post, { views, reactions }: Post): boolean =>
  (views !== undefined && views !== standing.views) ||
  (reactions !== undefined && !isDeepStrictEqual(reactions, standing.reactions))

export function createPostStore(db: Db) {
  const messages: Collection<Message> = db.collection('messages')

  /** Posts by their numbers, newest first. */
  async function among(sessionId: string, chatId: string, serverIds: readonly string[]): Promise<Message[]> {
    const filter = { sessionId, chatId, 'post.serverId': { $in: [...serverIds] } }
    const rows = await messages.find(filter, { projection: { raw: 0, tokens: 0 } }).toArray()
    return rows.sort((a, b) => Number(b.post?.serverId) - Number(a.post?.serverId))
  }

  return {
    async find(sessionId: string, chatId: string, serverId: string): Promise<Message | null> {
      return messages.findOne({ sessionId, chatId, 'post.serverId': serverId })
    },

    among,

    /** The channel's own number of a post; once given it never changes. */
    async number(key: string, serverId: string): Promise<void> {
      await messages.updateOne({ _id: key, post: { $exists: false } }, { $set: { post: { serverId } } })
    },

    /** What is counted of posts, in one write; returns those of which it is news, as they are now. */
    async count(sessionId: string, chatId: string, counts: readonly Post[]): Promise<Message[]> {
      const rows = await among(sessionId, chatId, [...new Set(counts.map(({ serverId }) => serverId))])
      const standing = new Map(rows.map((row) => [row.post?.serverId, row]))
      const changed: Message[] = []
      const updates = []
      for (const count of counts) {
        const row = standing.get(count.serverId)
        if (!row?.post || !isNews(row.post, count)) continue
        const next = { ...row, post: { ...row.post, ...count } }
        standing.set(count.serverId, next)
        changed.push(next)
        const { views, reactions } = count
        const $set = {
          ...(views === undefined ? {} : { 'post.views': views }),
          ...(reactions === undefined ? {} : { 'post.reactions': reactions }),
        }
        updates.push({ updateOne: { filter: { _id: row._id }, update: { $set } } })
      }
      if (updates.length > 0) await messages.bulkWrite(updates)
      return changed
    },
  }
}
