// Which numbers are on WhatsApp, asked once for everybody who wants to know, and remembered for a while.
import type { WASocket } from '@whiskeysockets/baileys'
import { phoneOf } from '../../shared/model/jid.ts'
import { createGrowingCache } from '../growing-cache.ts'

const entries = 20_000
/** Who has an account keeps it; who has none may get one any moment. */
const presentMs = 3_600_000
const absentMs = 60_000

export type KnownNumbers = ReturnType<typeof createKnownNumbers>

export function createKnownNumbers(ask: WASocket['onWhatsApp']) {
  const known = createGrowingCache<boolean>(entries, presentMs)

  return {
    /** Of these numbers (digits) those that are on WhatsApp. Without an answer all of them count as present. */
    async among(phones: readonly string[]): Promise<Set<string>> {
      const unknown = phones.filter((phone) => known.get(phone) === undefined)
      if (unknown.length > 0) {
        const answers = await ask(...unknown)
        if (answers === undefined) return new Set(phones.filter((phone) => known.get(phone) !== false))
        const present = new Set(answers.filter(({ exists }) => exists).map(({ jid }) => phoneOf(jid)))
        for (const phone of unknown) {
          const isPresent = present.has(phone)
          known.set(phone, isPresent, { ttl: isPresent ? presentMs : absentMs })
        }
      }
      return new Set(phones.filter((phone) => known.get(phone) === true))
    },
  }
}
