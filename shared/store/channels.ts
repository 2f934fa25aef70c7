// Channels: one row each, of those that are followed and those that were. Only the session's owner writes.
import type { Collection, Db, Filter, IndexDescription } from 'mongodb'
import type { Channel } from '../model/channel.ts'
import { formatCursor, parseCursor, type Page } from '../model/page.ts'
import { isDuplicateKey } from './client.ts'

export const channelIndexes: IndexDescription[] = [
  { key: { sessionId: 1, isFollowed: 1, sortName: 1, _id: 1 }, name: 'byName' }, // page(), idsOf()
]

const keyOf = (sessionId: string, channelId: string) => `${sessionId}/${channelId}`

export function createChannelStore(db: Db) {
  const channels: Collection<Channel> = db.collection('channels')

  return {
    async read(sessionId: string, channelId: string): Promise<Channel | null> {
      return channels.findOne({ _id: keyOf(sessionId, channelId) })
    },

    /**
     * The whole channel as it is now, in the place of the revision before; made when it is new (`revision` 1). `false` = that
     * one stands no more: read it again.
     */
    async put(channel: Omit<Channel, '_id' | 'sortName' | 'isFollowed' | 'updatedAt'>): Promise<boolean> {
      const { sessionId, channelId } = channel
      const row = {
        ...channel,
        sortName: channel.name.toLowerCase(),
        isFollowed: channel.role !== 'guest',
        updatedAt: new Date(),
      }
      const filter = { _id: keyOf(sessionId, channelId), revision: channel.revision - 1 }
      try {
        const { matchedCount, upsertedCount } = await channels.replaceOne(filter, row, {
          upsert: channel.revision <= 1,
        })
        return matchedCount + upsertedCount > 0
      } catch (error) {
        if (!isDuplicateKey(error)) throw error
        return false
      }
    },

    /** Its event is written. */
    async told(sessionId: string, channelId: string, revision: number): Promise<void> {
      await channels.updateOne({ _id: keyOf(sessionId, channelId), revision }, { $unset: { untold: '' } })
    },

    /** Ids of the channels that the session follows, at most 10000. */
    async idsOf(sessionId: string): Promise<string[]> {
      const rows = await channels
        .find({ sessionId, isFollowed: true }, { projection: { channelId: 1 } })
        .limit(10_000)
        .toArray()
      return rows.map((row) => row.channelId)
    },

    /** Those that are followed, by name. */
    async page(sessionId: string, query: { limit: number; cursor?: string | undefined }): Promise<Page<Channel>> {
      const conditions: Filter<Channel>[] = [{ sessionId, isFollowed: true }]
      if (query.cursor !== undefined) {
        const [name, key] = parseCursor('channels', query.cursor, ['string', 'string']) as [string, string]
        conditions.push({ $or: [{ sortName: { $gt: name } }, { sortName: name, _id: { $gt: key } }] })
      }
      const rows = await channels
        .find({ $and: conditions })
        .sort({ sortName: 1, _id: 1 })
        .limit(query.limit + 1)
        .toArray()
      const data = rows.slice(0, query.limit)
      const last = data.at(-1)
      return {
        data,
        nextCursor: rows.length > query.limit && last ? formatCursor('channels', [last.sortName, last._id]) : null,
      }
    },

    async removeAll(sessionId: string): Promise<void> {
      await channels.deleteMany({ sessionId })
    },
  }
}
