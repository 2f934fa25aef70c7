// Whether the key a webhook lives by is alive: remembered only while this process would have heard of its end.
import { feedTrustMs } from '../../shared/auth/authenticate.ts'
import { isKeyDead, type ApiKey } from '../../shared/model/api-key.ts'
import type { ApiKeyStore } from '../../shared/store/api-keys.ts'
import type { Feed } from '../../shared/store/feed.ts'

const longestMemoryMs = 30_000

export type LiveKeys = {
  /** Rejects with the driver's error when it cannot be looked up. */
  isAlive(keyId: string): Promise<boolean>
  /** Its document changed. */
  forget(keyId?: string): void
}

export function createLiveKeys(apiKeys: Pick<ApiKeyStore, 'read'>, feed: Pick<Feed, 'progressAtMs'>): LiveKeys {
  const remembered = new Map<string, { key: ApiKey | null; atMs: number }>()
  let generation = 0
  return {
    async isAlive(keyId) {
      const nowMs = performance.now()
      const isTrusted = nowMs - feed.progressAtMs() < feedTrustMs
      const known = isTrusted ? remembered.get(keyId) : undefined
      if (known && nowMs - known.atMs < longestMemoryMs) return known.key !== null && !isKeyDead(known.key, new Date())
      const before = generation
      const key = await apiKeys.read(keyId)
      if (before === generation) remembered.set(keyId, { key, atMs: nowMs })
      return key !== null && !isKeyDead(key, new Date())
    },
    forget(keyId) {
      generation += 1
      if (keyId === undefined) remembered.clear()
      else remembered.delete(keyId)
    },
  }
}
