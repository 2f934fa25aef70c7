// Contacts: people, one row each with both their addresses.
import type { Collection, Db, Filter, IndexDescription } from 'mongodb'
import type { Contact } from '../model/contact.ts'
import { parseJid, phoneOf } from '../model/jid.ts'
import { formatCursor, parseCursor, type Page } from '../model/page.ts'

export const contactIndexes: IndexDescription[] = [
  { key: { sessionId: 1, sortName: 1, _id: 1 }, name: 'byName' }, // page()
  { key: { sessionId: 1, jids: 1 }, name: 'alias' }, // resolve()
]

export type ContactFacts = { name?: string; notify?: string; verifiedName?: string }

export function createContactStore(db: Db) {
  const contacts: Collection<Contact> = db.collection('contacts')

  return {
    async resolve(sessionId: string, jids: readonly string[]): Promise<Contact | undefined> {
      return (
        await contacts
          .find({ sessionId, jids: { $in: [...jids] } })
          .limit(1)
          .toArray()
      )[0]
    },

    /**
     * Joins what is known of one person. Rows that turn out to be one are merged into the oldest.
     * Returns the row and whether anything changed.
     */
    async upsert(
      sessionId: string,
      jids: readonly [string, ...string[]],
      facts: ContactFacts,
    ): Promise<{ contact: Contact; changed: boolean }> {
      const known = await contacts.find({ sessionId, jids: { $in: [...jids] } }).toArray()
      const [keep, ...others] = known.sort((a, b) => a.updatedAt.getTime() - b.updatedAt.getTime())
      const all = [...new Set([...known.flatMap((row) => row.jids), ...jids])]
      const contactId = keep?.contactId ?? jids[0]
      const lid = all.find((jid) => parseJid(jid)?.kind === 'lid')
      const phone = all.map(phoneOf).find((digits) => digits !== undefined)
      const merged = {
        ...Object.assign({}, ...others.map((other) => pick(other, ['name', 'notify', 'verifiedName']))),
        ...pick(keep, ['name', 'notify', 'verifiedName']),
        ...pick(facts, ['name', 'notify', 'verifiedName']),
      }
      const sortName = (merged.name ?? merged.notify ?? merged.verifiedName ?? phone ?? contactId).toLowerCase()
      const next = { jids: all, ...merged, sortName, ...(lid ? { lid } : {}), ...(phone ? { phone } : {}) }
      const same =
        keep &&
        others.length === 0 &&
        all.length === keep.jids.length &&
        sortName === keep.sortName &&
        (['name', 'notify', 'verifiedName'] as const).every((field) => keep[field] === merged[field])
      if (same) return { contact: keep, changed: false }
      const contact = await contacts.findOneAndUpdate(
        { _id: `${sessionId}/${contactId}` },
        { $set: { ...next, updatedAt: new Date() }, $setOnInsert: { sessionId, contactId } },
        { upsert: true, returnDocument: 'after' },
      )
      if (!contact) throw new Error('an upsert that returns nothing')
      // Last, so that a crash in between leaves too many rows, which are joined the next time, and never too few.
      if (others.length > 0) await contacts.deleteMany({ _id: { $in: others.map((other) => other._id) } })
      return { contact, changed: true }
    },

    async page(sessionId: string, query: { limit: number; cursor?: string | undefined }): Promise<Page<Contact>> {
      const conditions: Filter<Contact>[] = [{ sessionId }]
      if (query.cursor !== undefined) {
        const [name, key] = parseCursor('contacts', query.cursor, ['string', 'string']) as [string, string]
        conditions.push({ $or: [{ sortName: { $gt: name } }, { sortName: name, _id: { $gt: key } }] })
      }
      const rows = await contacts
        .find({ $and: conditions })
        .sort({ sortName: 1, _id: 1 })
        .limit(query.limit + 1)
        .toArray()
      const data = rows.slice(0, query.limit)
      const last = data.at(-1)
      return {
        data,
        nextCursor: rows.length > query.limit && last ? formatCursor('contacts', [last.sortName, last._id]) : null,
      }
    },

    async removeAll(sessionId: string): Promise<void> {
      await contacts.deleteMany({ sessionId })
    },
  }
}

function pick<T extends object, K extends keyof T>(from: T | undefined, fields: readonly K[]): Partial<Pick<T, K>> {
  const picked: Partial<Pick<T, K>> = {}
  for (const field of fields) if (from?.[field] !== undefined && from[field] !== '') picked[field] = from[field]
  return picked
}
