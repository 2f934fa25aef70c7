// Groups: one row each, with everybody in it. Only the session's owner writes.
import type { Collection, Db, Filter, IndexDescription } from 'mongodb'
import type { Group } from '../model/group.ts'
import { formatCursor, parseCursor, type Page } from '../model/page.ts'

export const groupIndexes: IndexDescription[] = [
  { key: { sessionId: 1, sortName: 1, _id: 1 }, name: 'byName' }, // page(), idsOf()
]

const keyOf = (sessionId: string, groupId: string) => `${sessionId}/${groupId}`

export function createGroupStore(db: Db) {
  const groups: Collection<Group> = db.collection('groups')

  return {
    async read(sessionId: string, groupId: string): Promise<Group | null> {
      return groups.findOne({ _id: keyOf(sessionId, groupId) })
    },

    /** The whole group as it is now. The row is made when it is new (`revision` 1), and not made again when it was removed meanwhile. */
    async put(group: Omit<Group, '_id' | 'sortName' | 'updatedAt'>): Promise<void> {
      const { sessionId, groupId } = group
      const row = { ...group, sortName: group.subject.toLowerCase(), updatedAt: new Date() }
      await groups.replaceOne({ _id: keyOf(sessionId, groupId) }, row, { upsert: group.revision <= 1 })
    },

    /** Its events are written. */
    async told(sessionId: string, groupId: string, revision: number): Promise<void> {
      await groups.updateOne({ _id: keyOf(sessionId, groupId), revision }, { $unset: { untold: '' } })
    },

    /** Ids of the groups that the session is in, at most 10000. */
    async idsOf(sessionId: string): Promise<string[]> {
      const rows = await groups
        .find({ sessionId, myRole: { $ne: null } }, { projection: { groupId: 1 } })
        .limit(10_000)
        .toArray()
      return rows.map((row) => row.groupId)
    },

    /** By subject. */
    async page(sessionId: string, query: { limit: number; cursor?: string | undefined }): Promise<Page<Group>> {
      const conditions: Filter<Group>[] = [{ sessionId }]
      if (query.cursor !== undefined) {
        const [name, key] = parseCursor('groups', query.cursor, ['string', 'string']) as [string, string]
        conditions.push({ $or: [{ sortName: { $gt: name } }, { sortName: name, _id: { $gt: key } }] })
      }
      const rows = await groups
        .find({ $and: conditions })
        .sort({ sortName: 1, _id: 1 })
        .limit(query.limit + 1)
        .toArray()
      const data = rows.slice(0, query.limit)
      const last = data.at(-1)
      return {
        data,
        nextCursor: rows.length > query.limit && last ? formatCursor('groups', [last.sortName, last._id]) : null,
      }
    },

    async remove(sessionId: string, groupId: string): Promise<void> {
      await groups.deleteOne({ _id: keyOf(sessionId, groupId) })
    },

    async removeAll(sessionId: string): Promise<void> {
      await groups.deleteMany({ sessionId })
    },
  }
}
