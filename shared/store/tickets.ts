// Tickets: a socket is opened with one, once, within a minute.
import type { Collection, Db, IndexDescription } from 'mongodb'
import { createToken, hashText } from './cipher.ts'

export const ticketTtlSeconds = 60

type Ticket = { _id: string; keyId: string; expiresAt: Date }

export const ticketIndexes: IndexDescription[] = [{ key: { expiresAt: 1 }, name: 'expiry', expireAfterSeconds: 0 }]

export type TicketStore = ReturnType<typeof createTicketStore>

export function createTicketStore(db: Db) {
  const tickets: Collection<Ticket> = db.collection('tickets')
  return {
    async issue(keyId: string): Promise<{ ticket: string; expiresAt: Date }> {
      const ticket = createToken(24)
      const row = await tickets.findOneAndUpdate(
        { _id: hashText(ticket) },
        [{ $set: { keyId: { $literal: keyId }, expiresAt: { $add: ['$$NOW', ticketTtlSeconds * 1000] } } }],
        { upsert: true, returnDocument: 'after' },
      )
      return { ticket, expiresAt: row?.expiresAt ?? new Date() }
    },

    /** The key it was issued to; `undefined` when it is used, expired or unknown. The server's clock decides. */
    async redeem(ticket: string): Promise<string | undefined> {
      const row = await tickets.findOneAndDelete({ _id: hashText(ticket), $expr: { $gt: ['$expiresAt', '$$NOW'] } })
      return row?.keyId
    },
  }
}
