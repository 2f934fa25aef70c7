// Requests a minute per key, over all processes: tokens are borrowed from MongoDB in blocks, so that a request costs none.
import { LRUCache } from 'lru-cache'
import type { RateLimitStore } from '../shared/store/rate-limits.ts'

const windowMs = 60_000
/** A window is borrowed in this many blocks. */
const blocksPerWindow = 20
/** How long a request waits for tokens before it goes on without, ms: the limiter never fails a request by itself. */
const patienceMs = 250

type Bucket = { window: number; tokens: number; taken: number; isEmpty: boolean; borrowing: Promise<void> | undefined }
export type RateVerdict = { allowed: boolean; limit: number; remaining: number; resetSeconds: number }
export type RateLimiter = ReturnType<typeof createRateLimiter>

export function createRateLimiter(deps: {
  rateLimits: Pick<RateLimitStore, 'borrow'>
  perMinute: number
  now: () => number
}) {
  const limit = deps.perMinute
  const block = Math.max(1, Math.ceil(limit / blocksPerWindow))
  const buckets = new LRUCache<string, Bucket>({ max: 50_000 })

  async function borrow(name: string, bucket: Bucket): Promise<void> {
    const endsAt = new Date((bucket.window + 1) * windowMs)
    let timer: ReturnType<typeof setTimeout> | undefined
    const patience = new Promise<number>((resolve) => {
      timer = setTimeout(() => resolve(block), patienceMs)
    })
    // While the store is away tokens are lent on trust: what needs the store fails by itself.
    const granted = await Promise.race([
      deps.rateLimits.borrow(`api/${name}/${bucket.window}`, block, limit, endsAt).catch(() => block),
      patience,
    ])
    clearTimeout(timer)
    bucket.tokens += granted
    if (granted < block) bucket.isEmpty = true
  }

  function verdict(bucket: Bucket, allowed: boolean): RateVerdict {
    const resetSeconds = Math.max(1, Math.ceil(((bucket.window + 1) * windowMs - deps.now()) / 1000))
    const remaining = bucket.isEmpty ? bucket.tokens : Math.max(0, limit - bucket.taken)
    return { allowed, limit, remaining, resetSeconds }
  }

  return {
    /** A verdict at once while tokens are at hand; a promise of one only when a block has to be borrowed. */
    take(name: string): RateVerdict | Promise<RateVerdict> {
      const window = Math.floor(deps.now() / windowMs)
      let bucket = buckets.get(name)
      if (bucket?.window !== window) {
        bucket = { window, tokens: 0, taken: 0, isEmpty: false, borrowing: undefined }
        buckets.set(name, bucket)
      }
      if (bucket.tokens > 0) return spend(bucket)
      if (bucket.isEmpty) return verdict(bucket, false)
      return spendBorrowed(name, bucket)
    },
  }

  function spend(bucket: Bucket): RateVerdict {
    bucket.tokens -= 1
    bucket.taken += 1
    return verdict(bucket, true)
  }

  async function spendBorrowed(name: string, bucket: Bucket): Promise<RateVerdict> {
    while (bucket.tokens === 0 && !bucket.isEmpty) {
      bucket.borrowing ??= borrow(name, bucket).finally(() => (bucket.borrowing = undefined))
      await bucket.borrowing
    }
    return bucket.tokens > 0 ? spend(bucket) : verdict(bucket, false)
  }
}
