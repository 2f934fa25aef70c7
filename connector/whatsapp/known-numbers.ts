// Which numbers are on WhatsApp, asked once for everybody who wants to know, and remembered for a while.
import type { WASocket } from '@whiskeysockets/baileys'
import { phoneOf } from '../../shared/model/jid.ts'
import { createGrowingCache } from '../growing-cache.ts'

const entries = 20_000
/** Who has an account keeps it; who has none may get one any moment. */
const presentMs = 3_600_000
const absentMs = 60_000

export type KnownNumbers = ReturnType<typeof createKnownNumbers>

/** `nowMs`: default performance.now. */
export function createKnownNumbers(ask: WASocket['onWhatsApp'], nowMs: () => number = () => performance.now()) {
  const answers = createGrowingCache<{ isPresent: boolean; untilMs: number }>(entries)

  function isPresent(phone: string): boolean | undefined {
    const answer = answers.get(phone)
    return answer && answer.untilMs > nowMs() ? answer.isPresent : undefined
  }

  return {
    /** Of these numbers (digits) those that are on WhatsApp. Without an answer those count as present of whom nothing is known. */
    async among(phones: readonly string[]): Promise<Set<string>> {
      const unknown = phones.filter((phone) => isPresent(phone) === undefined)
      if (unknown.length > 0) {
        const told = await ask(...unknown)
        if (told === undefined) return new Set(phones.filter((phone) => isPresent(phone) !== false))
        const present = new Set(told.filter(({ exists }) => exists).map(({ jid }) => phoneOf(jid)))
        for (const phone of unknown) {
          const isThere = present.has(phone)
          answers.set(phone, { isPresent: isThere, untilMs: nowMs() + (isThere ? presentMs : absentMs) })
        }
      }
      return new Set(phones.filter((phone) => isPresent(phone) === true))
    },
  }
}
