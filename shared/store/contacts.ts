// Contacts: people, one row each with both their addresses.
import type { Collection, Db, Filter, IndexDescription } from 'mongodb'
import type { Contact } from '../model/contact.ts'
import { parseJid, phoneOf } from '../model/jid.ts'
import { formatCursor, parseCursor, type Page } from '../model/page.ts'

export const contactIndexes: IndexDescription[] = [
  { key: { sessionId: 1, sortName: 1, _id: 1 }, name: 'byName' }, // page()
  {
    key: { sessionId: 1, name: 1, _id: 1 },
    name: 'named', // named()
    partialFilterExpression: { name: { $exists: true } },
  },
  { key: { sessionId: 1, jids: 1 }, name: 'alias' }, // resolve()
  {
    key: { sessionId: 1, blocked: 1, _id: 1 },
    name: 'blocked', // blocked()
    partialFilterExpression: { blocked: { $exists: true } },
  },
]

type Jids = readonly [string, ...string[]]
type Upserted = { contact: Contact; changed: boolean }
export type ContactFacts = { name?: string; notify?: string; verifiedName?: string }

export function createContactStore(db: Db) {
  const contacts: Collection<Contact> = db.collection('contacts')

  async function upsertMany(
    sessionId: string,
    inputs: readonly ({ jids: Jids } & ContactFacts)[],
  ): Promise<Upserted[]> {
    const known = await contacts.find({ sessionId, jids: { $in: inputs.flatMap(({ jids }) => [...jids]) } }).toArray()
    const byJid = new Map(known.flatMap((row) => row.jids.map((jid) => [jid, row] as const)))
    const changed = new Map<string, Contact>()
    const gone = new Set<string>()
    const joined = inputs.map(({ jids, ...facts }) => {
      const rows = [...new Set(jids.map((jid) => byJid.get(jid)).filter((row) => row !== undefined))]
      const { contact, others } = joinContact(sessionId, rows, jids, facts)
      if (rows[0] === contact) return { contact, changed: false }
      for (const jid of contact.jids) byJid.set(jid, contact)
      for (const { _id } of others) gone.add(_id)
      changed.set(contact._id, contact)
      return { contact, changed: true }
    })
    const writes = [...changed.values()].filter(({ _id }) => !gone.has(_id))
    if (writes.length > 0)
      await contacts.bulkWrite(
        writes.map(({ _id, contactId, sessionId: _session, createdAt, ...facts }) => ({
          updateOne: {
            filter: { _id },
            update: { $set: facts, $setOnInsert: { sessionId, contactId, createdAt: createdAt ?? facts.updatedAt } },
            upsert: true,
          },
        })),
      )
    // Last, so that a crash in between leaves too many rows, which are joined the next time, and never too few.
    if (gone.size > 0) await contacts.deleteMany({ _id: { $in: [...gone] } })
    return joined
  }

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
     * Joins what is known of people, in the order given, with one read and one write for all of them. Rows that turn out to be one are merged into the oldest.
     * Returns each row as it is afterwards, and whether its part changed anything.
     */
    upsertMany,

    /** The same for one. */
    async upsert(sessionId: string, jids: Jids, facts: ContactFacts): Promise<Upserted> {
      const [one] = await upsertMany(sessionId, [{ jids, ...facts }])
      if (!one) throw new Error('an upsert that returns nothing')
      return one
    },

    /** Whom the phone's address book names; at most `limit`. */
    async named(sessionId: string, limit: number): Promise<Contact[]> {
      return contacts
        .find({ sessionId, name: { $exists: true } })
        .sort({ name: 1, _id: 1 })
        .limit(limit)
        .toArray()
    },

    /** Everybody known by any of these jids, in no order. */
    async among(sessionId: string, jids: readonly string[]): Promise<Pick<Contact, 'jids' | 'lid' | 'phone'>[]> {
      return contacts
        .find({ sessionId, jids: { $in: [...jids] } }, { projection: { jids: 1, lid: 1, phone: 1 } })
        .toArray()
    },

    /** Who is blocked; at most `limit`. */
    async blocked(sessionId: string, limit: number): Promise<Contact[]> {
      return contacts.find({ sessionId, blocked: true }).sort({ _id: 1 }).limit(limit).toArray()
    },

    /** Returns the row as it is afterwards, `null` when there is none. */
    async setBlocked(sessionId: string, contactId: string, isBlocked: boolean): Promise<Contact | null> {
      return contacts.findOneAndUpdate(
        { _id: `${sessionId}/${contactId}` },
        isBlocked ? { $set: { blocked: true } } : { $unset: { blocked: '' } },
        { returnDocument: 'after' },
      )
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

const names = ['name', 'notify', 'verifiedName'] as const
const age = ({ createdAt, updatedAt }: Contact) => (createdAt ?? updatedAt).getTime()

/** One row of all of them; the very row when nothing is new. `others` are those that it takes the place of. */
function joinContact(
  sessionId: string,
  rows: readonly Contact[],
  jids: Jids,
  facts: ContactFacts,
): { contact: Contact; others: Contact[] } {
  const [keep, ...others] = [...rows].sort((a, b) => age(a) - age(b))
  const all = [...new Set([keep, ...others].flatMap((row) => row?.jids ?? []).concat(jids))]
  const contactId = keep?.contactId ?? jids[0]
  const lid = all.find((jid) => parseJid(jid)?.kind === 'lid')
  const phone = all.map(phoneOf).find((digits) => digits !== undefined)
  const merged: ContactFacts = {
    ...Object.assign({}, ...others.map((other) => pick(other, names))),
    ...pick(keep, names),
    ...pick(facts, names),
  }
  const sortName = (merged.name ?? merged.notify ?? merged.verifiedName ?? phone ?? contactId).toLowerCase()
  const isSame =
    keep &&
    others.length === 0 &&
    all.length === keep.jids.length &&
    sortName === keep.sortName &&
    names.every((field) => keep[field] === merged[field])
  if (isSame) return { contact: keep, others }
  const contact: Contact = {
    ...(keep ?? { _id: `${sessionId}/${contactId}`, sessionId, contactId }),
    jids: all,
    ...merged,
    sortName,
    ...(lid ? { lid } : {}),
    ...(phone ? { phone } : {}),
    updatedAt: new Date(),
  }
  return { contact, others }
}
