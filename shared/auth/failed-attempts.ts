// Guessing keys is slow: failures are counted per address in MongoDB, for all processes together.
import { LRUCache } from 'lru-cache'
import { Problem } from '../model/problem.ts'
import type { RateLimitStore } from '../store/rate-limits.ts'

export const failuresPerMinute = 30
const windowMs = 60_000

export function createFailedAttempts(rateLimits: Pick<RateLimitStore, 'borrow'>, now: () => number) {
  // Address → epoch ms until which it is refused; known here only after its own failures were counted.
  const refused = new LRUCache<string, number>({ max: 10_000 })

  return {
    /** Throws `rate.limited` while the address has used up its failures. Costs no round trip. */
    refuse(address: string): void {
      const until = refused.get(address)
      if (until === undefined) return
      const restMs = until - now()
      if (restMs > 0) throw new Problem('rate.limited', { retryAfterSeconds: Math.ceil(restMs / 1000) })
      refused.delete(address)
    },

    async count(address: string): Promise<void> {
      const window = Math.floor(now() / windowMs)
      const endsAtMs = (window + 1) * windowMs
      try {
        const inside = await rateLimits.borrow(
          `auth-failed/${address}/${window}`,
          1,
          failuresPerMinute,
          new Date(endsAtMs),
        )
        if (inside === 0) refused.set(address, endsAtMs)
      } catch {
        // The caller is refused anyway; that this failure is not counted lets nobody in.
      }
    },
  }
}
