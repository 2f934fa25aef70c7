// Whose a free session is: every connector reckons it for itself and comes to the same, without asking the others.
import { createHash } from 'node:crypto'

/** A connector that takes sessions, and how many more it may hold. */
export type Room = { id: string; room: number }

/**
 * Who takes a free session; `undefined` when nobody has room. Over many sessions each connector is named in proportion to
 * its room, and most sessions keep their taker when connectors or rooms change (weighted rendezvous hashing: the highest
 * `room / -ln(u)`, where `u` in 0..1 is drawn from the names of both).
 */
export function toTaker(sessionId: string, rooms: readonly Room[]): string | undefined {
  let taker: string | undefined
  let best = 0
  for (const { id, room } of rooms) {
    if (room <= 0) continue
    const digest = createHash('sha1').update(`${id}\n${sessionId}`).digest()
    const u = (digest.readUIntBE(0, 6) + 0.5) / 2 ** 48
    const score = room / -Math.log(u)
    if (score > best) [best, taker] = [score, id]
  }
  return taker
}

/** A session that its taker has left free for so long is anybody's, ms. */
export const graceMs = 800

export type Grace = {
  /** Free ones as of now, monotonic ms; what is not among them any more is forgotten. */
  see(sessionIds: readonly string[], nowMs: number): void
  isOver(sessionId: string, nowMs: number): boolean
  /** Ms until the next one is anybody's; `undefined` when none is waited for. */
  nextEndMs(nowMs: number): number | undefined
}

/** Counted from when this process first saw a session free: no clock but its own is asked. */
export function createGrace(): Grace {
  let seenAt = new Map<string, number>()
  return {
    see(sessionIds, nowMs) {
      seenAt = new Map(sessionIds.map((id) => [id, seenAt.get(id) ?? nowMs]))
    },
    isOver: (sessionId, nowMs) => nowMs - (seenAt.get(sessionId) ?? nowMs) >= graceMs,
    nextEndMs(nowMs) {
      const left = [...seenAt.values()].map((at) => at + graceMs - nowMs).filter((ms) => ms > 0)
      return left.length === 0 ? undefined : Math.min(...left)
    },
  }
}
