// Which streams a key may see: its sessions, and `team` for a key that may see them all.
import { maySeeSession, type SessionLimit } from '../model/api-key.ts'
import { teamStream } from '../model/event.ts'

export function toVisibleStreams(sessionIds: readonly string[], limit: SessionLimit): Set<string> {
  const visible = new Set(sessionIds.filter((id) => maySeeSession(limit, id)))
  if (limit.sessions === undefined) visible.add(teamStream)
  return visible
}
