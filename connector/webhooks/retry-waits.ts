// When a failed delivery is tried again: waits that grow over three days, spread so that no receiver is met by all at once.

const seconds = 1_000
const minutes = 60 * seconds
const hours = 60 * minutes

/** Wait after the first attempt, the second, …, ms; after the last of them it has failed. About 70 hours in all. */
export const defaultRetryWaitsMs: readonly number[] = [
  5 * seconds,
  30 * seconds,
  2 * minutes,
  10 * minutes,
  hours,
  3 * hours,
  6 * hours,
  ...Array.from({ length: 5 }, () => 12 * hours),
]

/** Longest that a receiver may ask us to wait, ms: a day. */
const longestAskedMs = 24 * hours
/** Part of a wait by which it is longer at most. */
const jitter = 0.2

/** ms to wait after attempt number `tries` (1, 2, …); `undefined` when that was the last. Never sooner than asked. */
export function nextWaitMs(
  tries: number,
  askedMs: number | undefined,
  { waitsMs = defaultRetryWaitsMs, random = Math.random }: { waitsMs?: readonly number[]; random?: () => number } = {},
): number | undefined {
  const wait = waitsMs[tries - 1]
  if (wait === undefined) return undefined
  return Math.max(wait * (1 + jitter * random()), Math.min(askedMs ?? 0, longestAskedMs))
}

/** `Retry-After` (RFC 9110): seconds, or a date. ms from `nowMs`; `undefined` when it is neither. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * seconds
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs)
}
