// Whether a session is there, without asking MongoDB for every message.
import { LRUCache } from 'lru-cache'
import { feedTrustMs } from '../shared/auth/authenticate.ts'
import { Problem } from '../shared/model/problem.ts'
import type { Session } from '../shared/model/session.ts'
import type { Feed } from '../shared/store/feed.ts'
import type { SessionStore } from '../shared/store/sessions.ts'

/** Longest time that a session is believed to be there, ms. */
const beliefMs = 2_000

export type KnownSessions = ReturnType<typeof createKnownSessions>

/** Without a feed that is alive nothing is remembered: a session deleted elsewhere must be refused. */
export function createKnownSessions(deps: {
  sessions: Pick<SessionStore, 'wantedOf' | 'read'>
  feed?: Pick<Feed, 'listen' | 'progressAtMs'> | undefined
  monotonicMs: () => number
}) {
  const seen = new LRUCache<string, number>({ max: 50_000 })
  const stopListening = deps.feed?.listen((change) => {
    if (change.kind === 'lost') seen.clear()
    else if (change.kind === 'session' && (change.wanted !== undefined || change.removed)) seen.delete(change.id)
  })

  async function exists(sessionId: string): Promise<boolean> {
    const nowMs = deps.monotonicMs()
    const isFeedAlive = deps.feed !== undefined && nowMs - deps.feed.progressAtMs() < feedTrustMs
    const seenAtMs = isFeedAlive ? seen.get(sessionId) : undefined
    if (seenAtMs !== undefined && nowMs - seenAtMs < beliefMs) return true
    const wanted = await deps.sessions.wantedOf(sessionId)
    if (wanted === null || wanted === 'deleted') return false
    seen.set(sessionId, nowMs)
    return true
  }

  return {
    exists,

    /** Throws `session.not_found`, also for a session that is being deleted. */
    async mustExist(sessionId: string): Promise<void> {
      if (!(await exists(sessionId))) throw new Problem('session.not_found')
    },

    /** The document. Throws `session.not_found`, also for a session that is being deleted. */
    async mustRead(sessionId: string): Promise<Session> {
      const session = await deps.sessions.read(sessionId)
      if (!session || session.wanted === 'deleted') throw new Problem('session.not_found')
      return session
    },

    forget(sessionId: string): void {
      seen.delete(sessionId)
    },

    close(): void {
      stopListening?.()
    },
  }
}
