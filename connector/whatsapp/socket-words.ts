// What a socket says of itself and of its account, in our words.
import { DisconnectReason, type ReachoutTimelockState } from '@whiskeysockets/baileys'

/** A time that is none is left out. */
export function toOutreachLock(lock: ReachoutTimelockState): { isActive: boolean; until?: Date } {
  const until = lock.timeEnforcementEnds
  return { isActive: lock.isActive === true, ...(until && Number.isFinite(until.getTime()) ? { until } : {}) }
}

export function toClose(error: unknown): { code: number; reason: string } {
  const code = (error as { output?: { statusCode?: number } } | undefined)?.output?.statusCode ?? 0
  const text = error instanceof Error ? error.message : 'unknown'
  const word = Object.entries(DisconnectReason).find(([, value]) => Number(value) === code)?.[0]
  return { code, reason: word ? `${text} (${word})` : text }
}
