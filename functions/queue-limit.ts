// No session's queue grows past its limit. Mostly nothing is asked for that: the last count and what this process has
// accepted since say enough.
import { LRUCache } from 'lru-cache'
import type { CommandStore } from '../shared/store/commands.ts'

/** How long a count is believed, ms; near the limit, where each place that becomes free matters, shorter. */
const beliefMs = 1_000
const fullBeliefMs = 250

type Entry = {
  countedAtMs: number
  counted: number
  /** Accepted here since the count began, and still under way. */
  accepted: number
  underWay: number
  counting: Promise<void> | undefined
}

export type QueueLimit = ReturnType<typeof createQueueLimit>

/**
 * `limit` = commands in state `queued` per session. Exact for one process. Of several, each may be wrong by a hundredth of
 * the limit, or by what the others accept within a second.
 */
export function createQueueLimit(deps: {
  commands: Pick<CommandStore, 'countQueued'>
  limit: number
  monotonicMs: () => number
}) {
  const { limit, monotonicMs } = deps
  const entries = new LRUCache<string, Entry>({ max: 50_000 })
  const smallShare = Math.max(1, Math.floor(limit / 100))

  const sizeOf = (entry: Entry) => entry.counted + entry.accepted + entry.underWay

  function isDue(entry: Entry, places: number): boolean {
    const ageMs = monotonicMs() - entry.countedAtMs
    if (sizeOf(entry) + places > limit) return ageMs >= fullBeliefMs
    return ageMs >= beliefMs && entry.accepted >= smallShare
  }

  async function count(sessionId: string, entry: Entry): Promise<void> {
    const before = entry.accepted
    const countedAtMs = monotonicMs()
    entry.counted = await deps.commands.countQueued(sessionId, limit)
    entry.countedAtMs = countedAtMs
    // What ended while the count was under way may be in it as well: too many by a few is on the safe side.
    entry.accepted -= before
  }

  return {
    /**
     * Places in the queue, to be given back with whether commands were stored; `undefined` when there are not so many.
     * At once when no count is due.
     */
    async take(sessionId: string, places = 1): Promise<((stored: boolean) => void) | undefined> {
      let entry = entries.get(sessionId)
      if (!entry) {
        entry = { countedAtMs: -Infinity, counted: 0, accepted: 0, underWay: 0, counting: undefined }
        entries.set(sessionId, entry)
      }
      const own = entry
      if (own.countedAtMs === -Infinity || isDue(own, places)) {
        own.counting ??= count(sessionId, own).finally(() => (own.counting = undefined))
        await own.counting
      }
      if (sizeOf(own) + places > limit) return undefined
      own.underWay += places
      return (stored) => {
        own.underWay -= places
        if (stored) own.accepted += places
      }
    },
  }
}
