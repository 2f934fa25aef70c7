// How fast messages may leave a session: a bucket of tokens that fills by the minute, and a random rest after each message.
// A session that has been quiet sends at once.
import type { Pace as PaceSettings } from '../../../shared/model/session.ts'

export type Clock = {
  /** Monotonic, ms. */
  nowMs: () => number
  /** 0 to 1, as Math.random. */
  random: () => number
}

export type Pace = {
  isOn(): boolean
  /** Takes a token for a message that goes now; `false` = not yet. */
  take(): boolean
  /** Until `take` gives a token, ms; 0 = now. */
  msUntilNext(): number
  /** From the next message on; what was sent before still counts. */
  set(settings: PaceSettings | undefined): void
}

/** As much as three seconds bring may go at once, but no more than that. */
const burstSeconds = 3
const maxBurst = 5

const burstOf = (perMinute: number) => Math.min(maxBurst, Math.max(1, Math.floor((perMinute * burstSeconds) / 60)))

export function createPace({ nowMs, random }: Clock): Pace {
  let perMinute: number | undefined
  let jitterMs = 0
  let tokens = maxBurst
  let filledAtMs = nowMs()
  /** The end of the rest after the last message. */
  let restedAtMs = -Infinity

  function fill(): void {
    const now = nowMs()
    if (perMinute === undefined) tokens = maxBurst
    else tokens = Math.min(burstOf(perMinute), tokens + ((now - filledAtMs) * perMinute) / 60_000)
    filledAtMs = now
  }

  function msUntilNext(): number {
    fill()
    // A token that is whole but for a rounding error is one.
    const lacking = Math.max(0, 1 - 1e-6 - tokens)
    const forTokenMs = perMinute === undefined ? 0 : (lacking * 60_000) / perMinute
    return Math.ceil(Math.max(0, forTokenMs, restedAtMs - nowMs()))
  }

  return {
    isOn: () => perMinute !== undefined || jitterMs > 0,
    msUntilNext,
    take() {
      if (msUntilNext() > 0) return false
      tokens -= 1
      restedAtMs = nowMs() + random() * jitterMs
      return true
    },
    set(settings) {
      fill()
      perMinute = settings?.perMinute
      jitterMs = settings?.jitterMs ?? 0
    },
  }
}
