// Waiting for an outcome: woken by the feed, and by the clock where there is none. The bell rings, the collection decides.
import type { Feed } from '../shared/store/feed.ts'

/** Longest wait a caller may ask for, seconds. */
export const maxWaitSeconds = 30
/** Between two looks, ms: without a feed, and with one (a bell may be missed while MongoDB changes its primary). */
const pollMs = 250
const safetyPollMs = 2_000

export type Topic = `command/${string}` | `session/${string}`
export type Waits = ReturnType<typeof createWaits>

export function createWaits(feed: Pick<Feed, 'listen'> | undefined) {
  const bells = new Map<Topic, Set<() => void>>()
  let isClosed = false

  const ring = (topic: Topic) => bells.get(topic)?.forEach((bell) => bell())
  const ringAll = () => {
    for (const topic of bells.keys()) ring(topic)
  }
  const stopListening = feed?.listen((change) => {
    if (change.kind === 'command') ring(`command/${change.id}`)
    else if (change.kind === 'session') ring(`session/${change.id}`)
    else if (change.kind === 'lost') ringAll()
  })

  return {
    /** What `look` finds, or `undefined` after `timeoutMs`, when the caller has gone, or when the app closes. */
    async until<T>(
      topic: Topic,
      timeoutMs: number,
      gone: AbortSignal,
      look: () => Promise<T | undefined>,
    ): Promise<T | undefined> {
      const deadlineMs = performance.now() + timeoutMs
      let rung = false
      let wake: (() => void) | undefined
      const bell = () => {
        rung = true
        wake?.()
      }
      const set = bells.get(topic) ?? new Set()
      bells.set(topic, set.add(bell))
      gone.addEventListener('abort', bell)
      try {
        for (;;) {
          rung = false
          const found = await look()
          if (found !== undefined) return found
          const restMs = deadlineMs - performance.now()
          if (restMs <= 0 || isClosed || gone.aborted) return undefined
          if (rung) continue
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, Math.min(restMs, feed ? safetyPollMs : pollMs))
            wake = () => {
              clearTimeout(timer)
              resolve()
            }
          })
          wake = undefined
        }
      } finally {
        gone.removeEventListener('abort', bell)
        set.delete(bell)
        if (set.size === 0) bells.delete(topic)
      }
    },

    /** Ends every wait with what is known by then. */
    close(): void {
      isClosed = true
      stopListening?.()
      ringAll()
    },
  }
}
