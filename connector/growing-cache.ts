// A cache per session costs what is in it: with `max` lru-cache sets aside all of its places at once (11.5).
import { LRUCache } from 'lru-cache'

/** Of at most `entries`, the least recently used goes first; `ttlMs` after it was set an entry is gone, if given. */
export function createGrowingCache<Value extends {}>(entries: number, ttlMs?: number): LRUCache<string, Value> {
  return new LRUCache({ maxSize: entries, sizeCalculation: () => 1, ...(ttlMs === undefined ? {} : { ttl: ttlMs }) })
}
