// Who holds a session. The server's clock decides; the epoch grows with every owner and never goes back.
import type { Collection, Db, IndexDescription } from 'mongodb'
import { isDuplicateKey } from './client.ts'

export type Lease = { _id: string; owner: string | null; epoch: number; expiresAt: Date }

export const leaseIndexes: IndexDescription[] = [
  { key: { expiresAt: 1 }, name: 'free' }, // free()
  { key: { owner: 1 }, name: 'owner' }, // renew(), countHeld()
]

export function createLeaseStore(db: Db) {
  const leases: Collection<Lease> = db.collection('leases')
  const creds: Collection<{ _id: string; epoch: number }> = db.collection('authCreds')

  async function serverTime(): Promise<Date> {
    const hello = await db.command({ hello: 1 })
    return hello['localTime'] as Date
  }

  return {
    /**
     * A free lease for a new session; no-op when there is one. Epochs go on where an earlier life of this id ended:
     * its fences stand for ever, and refuse every epoch below theirs.
     */
    async create(sessionId: string): Promise<void> {
      const earlier = await creds.findOne({ _id: sessionId }, { projection: { epoch: 1 } })
      try {
        await leases.insertOne({ _id: sessionId, owner: null, epoch: earlier?.epoch ?? 0, expiresAt: new Date(0) })
      } catch (error) {
        if (!isDuplicateKey(error)) throw error
      }
    },

    /** One atomic update: the lease is free or expired by the server's clock, or it is `taken`. */
    async claim(
      sessionId: string,
      owner: string,
      ttlMs: number,
    ): Promise<{ outcome: 'claimed'; epoch: number } | { outcome: 'taken' }> {
      const lease = await leases.findOneAndUpdate(
        { _id: sessionId, $expr: { $lte: ['$expiresAt', '$$NOW'] } },
        [{ $set: { owner, epoch: { $add: ['$epoch', 1] }, expiresAt: { $add: ['$$NOW', ttlMs] } } }],
        { returnDocument: 'after' },
      )
      return lease ? { outcome: 'claimed', epoch: lease.epoch } : { outcome: 'taken' }
    },

    /** Prolongs everything `owner` still holds and returns it: sessionId → epoch. What is missing was taken. */
    async renew(owner: string, ttlMs: number): Promise<Map<string, number>> {
      await leases.updateMany({ owner }, [{ $set: { expiresAt: { $add: ['$$NOW', ttlMs] } } }])
      const held = await leases.find({ owner }, { projection: { epoch: 1 } }).toArray()
      return new Map(held.map((lease) => [lease._id, lease.epoch]))
    },

    /** Gives it back at once; no-op when it is no longer ours. */
    async release(sessionId: string, owner: string, epoch: number): Promise<void> {
      await leases.updateOne({ _id: sessionId, owner, epoch }, { $set: { owner: null, expiresAt: new Date(0) } })
    },

    /** Ids whose lease is free or expired, oldest first. */
    async free(limit: number): Promise<string[]> {
      const now = await serverTime()
      const rows = await leases
        .find({ expiresAt: { $lte: now } }, { projection: { _id: 1 } })
        .sort({ expiresAt: 1 })
        .limit(limit)
        .toArray()
      return rows.map((row) => row._id)
    },

    /** How many each of `owners` holds; one without any is missing. What has run out and was taken by nobody counts. */
    async countHeld(owners: readonly string[]): Promise<Map<string, number>> {
      const rows = await leases
        .aggregate<{ _id: string; count: number }>([
          { $match: { owner: { $in: [...owners] } } },
          { $group: { _id: '$owner', count: { $sum: 1 } } },
        ])
        .toArray()
      return new Map(rows.map((row) => [row._id, row.count]))
    },

    async read(sessionId: string): Promise<Lease | null> {
      return leases.findOne({ _id: sessionId })
    },

    async remove(sessionId: string): Promise<void> {
      await leases.deleteOne({ _id: sessionId })
    },
  }
}
