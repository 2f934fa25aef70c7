// What a stranger says of times, names and ids, within bounds: whatever comes in, what goes on is small and means something.
import * as v from 'valibot'
import { MessageId } from '../../shared/model/message.ts'

type Given = number | { toString(): string } | null | undefined

export const longestName = 200
/** Of an emoji with everything that may be joined to it. */
const longestEmoji = 64
/** The last moment that RFC 3339 can write. */
const lastMs = Date.parse('9999-12-31T23:59:59.999Z')
/** How far ahead of ours another clock may be, ms. */
const aheadMs = 86_400_000

/** One line of a stranger's: no control characters, and no longer than an app would take. */
export function toPlain(text: string | null | undefined, longest: number): string {
  return (text ?? '')
    .slice(0, 2 * longest)
    .replace(/(?!\n)\p{Cc}/gu, '')
    .slice(0, longest)
}

/** What people call themselves, each other and their groups; `undefined` when nothing is left of it. */
export function toName(text: string | null | undefined): string | undefined {
  return toPlain(text, longestName).replaceAll('\n', ' ').trim() || undefined
}

/** Empty = none. */
export function toEmoji(text: string | null | undefined): string {
  return toPlain(text, longestEmoji)
}

/** Milliseconds as number, Long or text; `undefined` for 0 and for what is no time. */
export function toTime(ms: Given): Date | undefined {
  const value = Number(ms ?? 0)
  return value > 0 && value <= lastMs ? new Date(value) : undefined
}

/** When something was done; what is none, or is yet to come, is `otherwise`. */
export function toPast(ms: Given, otherwise: Date): Date {
  const at = toTime(ms)
  return at && at.getTime() <= Date.now() + aheadMs ? at : otherwise
}

/** A length of time; what is none is 0. */
export function toSeconds(value: unknown): number {
  const seconds = Number(value ?? 0)
  return Number.isSafeInteger(seconds) && seconds > 0 ? seconds : 0
}

/** WhatsApp's ids are short and plain; what is none can be named by nobody. */
export function isMessageId(id: string | null | undefined): id is string {
  return v.is(MessageId, id)
}
