// For how long a text may be changed after it was sent. Nobody refuses a later change: whoever receives it takes no notice.
import type { Message } from './message.ts'

/** WhatsApp's apps offer it for 15 minutes and take it for 20 (whatsmeow, send.go EditWindow). */
const editWindowMs = 20 * 60_000

/** From when WhatsApp had it; one that it does not have yet may be changed. */
export function isTooOldToEdit({ status, statusTimes, timestamp }: Message, now: Date): boolean {
  if (status === 'queued') return false
  return now.getTime() - (statusTimes.sent ?? timestamp).getTime() > editWindowMs
}
