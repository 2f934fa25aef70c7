// Small caches that Baileys would otherwise make anew for each socket; one set per session, kept across reconnects.
import type { SocketConfig } from '@whiskeysockets/baileys'
import { createGrowingCache } from '../growing-cache.ts'

export type RetryCaches = Required<
  Pick<SocketConfig, 'msgRetryCounterCache' | 'callOfferCache' | 'placeholderResendCache'>
>

export function createRetryCaches(): RetryCaches {
  return { msgRetryCounterCache: createCache(), callOfferCache: createCache(), placeholderResendCache: createCache() }
}

function createCache() {
  const cache = createGrowingCache<{ value: unknown }>(1_000, 3_600_000)
  return {
    get: <T>(key: string) => cache.get(key)?.value as T | undefined,
    set: <T>(key: string, value: T) => void cache.set(key, { value }),
    del: (key: string) => void cache.delete(key),
    flushAll: () => cache.clear(),
  }
}
