// Which streams a key may see: its sessions, and `team` for a key that may see them all.
import { maySeeSession, type Actor } from '../../shared/model/api-key.ts'
import { teamStream } from '../../shared/model/event.ts'

export function toVisibleStreams(sessionIds: readonly string[], actor: Actor): Set<string> {
  const visible = new Set(sessionIds.filter((id) => maySeeSession(actor, id)))
  if (actor.sessions === undefined) visible.add(teamStream)
  return visible
}
