// libsignal tries every session of a record until one decrypts, and steps a session's ratchet before it has checked
// the MAC; the sessions it guessed wrongly are then stored spoiled (observed 2026-11, libsignal 6.0.0). A real phone
// does not do that, so a pretend phone puts them back.
type Session = { _chains: unknown; currentRatchet: unknown; indexInfo: { used: number } }
export type SessionRecord = { _sessions: Record<string, Session> }

const ratchet = (session: Session): string => JSON.stringify([session._chains, session.currentRatchet])

/** Of the sessions in both records only one may have moved: the last of them in the order in which they were tried. */
export const keepWrongGuessesOut = (before: SessionRecord | undefined, after: SessionRecord): void => {
  if (!before || Object.keys(before._sessions).length < 2) return
  const moved = Object.entries(before._sessions)
    .filter(([key, old]) => {
      const now = after._sessions[key]
      return now && ratchet(now) !== ratchet(old)
    })
    .sort(([, a], [, b]) => b.indexInfo.used - a.indexInfo.used)
  moved.pop()
  for (const [key, old] of moved) {
    const now = after._sessions[key]!
    now._chains = old._chains
    now.currentRatchet = old.currentRatchet
  }
}
