// Rate limits shared by every process: tokens are borrowed from MongoDB in blocks, so that a request costs no round trip.
import type { Collection, Db, IndexDescription } from 'mongodb'

type Bucket = { _id: string; used: number; expiresAt: Date }

export const rateLimitIndexes: IndexDescription[] = [{ key: { expiresAt: 1 }, name: 'expiry', expireAfterSeconds: 0 }]

export type RateLimitStore = ReturnType<typeof createRateLimitStore>

export function createRateLimitStore(db: Db) {
  const buckets: Collection<Bucket> = db.collection('rateLimits')
  return {
    /** Takes `block` tokens of a window; returns how many of them are inside `limit`. Windows are named by the caller. */
    async borrow(name: string, block: number, limit: number, windowEndsAt: Date): Promise<number> {
      const row = await buckets.findOneAndUpdate(
        { _id: name },
        { $inc: { used: block }, $setOnInsert: { expiresAt: windowEndsAt } },
        { upsert: true, returnDocument: 'after' },
      )
      const used = row?.used ?? block
      return Math.max(0, Math.min(block, limit - (used - block)))
    },
  }
}
