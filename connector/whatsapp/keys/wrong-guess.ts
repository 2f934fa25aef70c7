// libsignal tries every session of a record until one decrypts, and steps that session's ratchet before the MAC is
// checked; when a later one fits, the whole record is saved, spoiled sessions included (libsignal 6.0.0,
// session_cipher.js decryptWithSessions; observed 2026-11). What is encrypted on a spoiled session is unreadable
// at the other side. This puts the spoiled ones back.

type SessionEntry = { _chains: unknown; currentRatchet: unknown; indexInfo: { used: number } }
type SessionRecord = { _sessions?: Record<string, SessionEntry> }

/** libsignal's order: most recently used first, ties as they stand in the record. */
function inOrderTried(sessions: Record<string, SessionEntry>): string[] {
  return Object.keys(sessions).sort((a, b) => (sessions[b]?.indexInfo.used || 0) - (sessions[a]?.indexInfo.used || 0))
}

const sameRatchet = (a: SessionEntry, b: SessionEntry) =>
  JSON.stringify([a._chains, a.currentRatchet]) === JSON.stringify([b._chains, b.currentRatchet])

/**
 * The record after a decryption, with the ratchets of all but the session that fitted as they were before.
 * Of the sessions that changed, the one that fitted is the LAST in the order tried.
 */
export function undoWrongGuesses(before: unknown, after: unknown): { record: unknown; undone: number } {
  const old = (before as SessionRecord | undefined)?._sessions
  const now = (after as SessionRecord | undefined)?._sessions
  if (!old || !now) return { record: after, undone: 0 }
  const changed = inOrderTried(old).filter((key) => {
    const [was, is] = [old[key], now[key]]
    return was !== undefined && is !== undefined && !sameRatchet(was, is)
  })
  // A session that is new in this record (a first message) is not among them: then none of the old ones fitted.
  const isNewSession = Object.keys(now).some((key) => !(key in old))
  const spoiled = isNewSession ? [] : changed.slice(0, -1)
  if (spoiled.length === 0) return { record: after, undone: 0 }
  const sessions = { ...now }
  for (const key of spoiled) {
    const [was, is] = [old[key], sessions[key]]
    if (was && is) sessions[key] = { ...is, _chains: was._chains, currentRatchet: was.currentRatchet }
  }
  return { record: { ...(after as object), _sessions: sessions }, undone: spoiled.length }
}
