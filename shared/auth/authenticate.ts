// Who is calling: a token becomes an Actor, by the same rule in the API and in the relay.
// A key is remembered only while this process would have heard of its revocation; otherwise it is looked up each time.
import { LRUCache } from 'lru-cache'
import { isKeyDead, toActor, type Actor, type ApiKey } from '../model/api-key.ts'
import { Problem } from '../model/problem.ts'
import type { ApiKeyStore } from '../store/api-keys.ts'
import type { Feed } from '../store/feed.ts'
import type { RateLimitStore } from '../store/rate-limits.ts'
import { createFailedAttempts } from './failed-attempts.ts'

/** A revocation is seen within this time everywhere; a feed silent for longer is not believed. */
export const feedTrustMs = 2_000
const rememberedKeys = 10_000
/** However alive the feed: after this a key is looked up again. */
const longestMemoryMs = 60_000
const longestToken = 256

export type AuthenticatorDeps = {
  store: { apiKeys: Pick<ApiKeyStore, 'byToken' | 'read'>; rateLimits: Pick<RateLimitStore, 'borrow'> }
  /** Absent on hosts without a change stream: every request looks its key up. */
  feed?: Pick<Feed, 'listen' | 'progressAtMs'> | undefined
  /** Epoch ms. Default Date.now. */
  now?: (() => number) | undefined
  /** The feed's clock, ms. Default performance.now. */
  monotonicMs?: (() => number) | undefined
}

export type Authenticator = ReturnType<typeof createAuthenticator>

export function createAuthenticator(deps: AuthenticatorDeps) {
  const { apiKeys, rateLimits } = deps.store
  const now = deps.now ?? (() => Date.now())
  const monotonicMs = deps.monotonicMs ?? (() => performance.now())
  const failed = createFailedAttempts(rateLimits, now)
  // By the token itself: hashing it again would be a tenth of what a request costs.
  const remembered = new LRUCache<string, { key: ApiKey; actor: Actor; atMs: number }>({ max: rememberedKeys })
  // Grows with every change of any key: what was read before a change is not remembered after it.
  let generation = 0

  function forget(keyId?: string): void {
    generation += 1
    if (keyId === undefined) remembered.clear()
    else for (const [token, { key }] of remembered) if (key._id === keyId) remembered.delete(token)
  }

  const stopListening = deps.feed?.listen((change) => {
    if (change.kind === 'apiKey') forget(change.id)
    else if (change.kind === 'lost') forget()
  })

  function isFeedTrusted(): boolean {
    if (!deps.feed) return false
    if (monotonicMs() - deps.feed.progressAtMs() < feedTrustMs) return true
    remembered.clear()
    return false
  }

  return {
    /**
     * Throws `auth.missing`, `auth.invalid`, `rate.limited` after too many failures from one address, or the driver's
     * error when the key cannot be looked up. `address` is asked for only when it is needed.
     */
    async authenticate(token: string | undefined, address: () => string): Promise<Actor> {
      if (!token) throw new Problem('auth.missing')
      const standing = isFeedTrusted() ? remembered.get(token) : undefined
      if (standing && monotonicMs() - standing.atMs < longestMemoryMs && !isKeyDead(standing.key, new Date(now())))
        return standing.actor
      failed.refuse(address())
      const before = generation
      const atMs = monotonicMs()
      const key = token.length <= longestToken ? await apiKeys.byToken(token) : null
      if (!key || isKeyDead(key, new Date(now()))) {
        await failed.count(address())
        throw new Problem('auth.invalid')
      }
      const actor = toActor(key)
      if (before === generation && isFeedTrusted()) remembered.set(token, { key, actor, atMs })
      return actor
    },

    /** The same for a key that was proven earlier (a socket, a ticket); always looked up. Throws `auth.invalid`. */
    async authenticateKey(keyId: string): Promise<Actor> {
      const key = await apiKeys.read(keyId)
      if (!key || isKeyDead(key, new Date(now()))) throw new Problem('auth.invalid')
      return toActor(key)
    },

    /** Forgets a key at once in this process; its change in the feed does the same everywhere else. */
    forget,

    close(): void {
      stopListening?.()
      remembered.clear()
    },
  }
}
