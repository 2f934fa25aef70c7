// What WhatsApp knows of people: asked now, of the server; what changes rarely is remembered for a while.
import { jidNormalizedUser, type WASocket } from '@whiskeysockets/baileys'
import { phoneOf, toBareJid, toPhoneJid } from '../../shared/model/jid.ts'
import { createGrowingCache } from '../growing-cache.ts'
import type { KnownNumbers } from './known-numbers.ts'

export type People = ReturnType<typeof createPeople>

const pictureMs = 600_000
const pictures = 5_000
const longestAbout = 1_000
const longestUrl = 4_000
/** WhatsApp's words for "there is none" and "not for you" (rc14: in the error's data). */
const noPicture = [401, 404]

export function createPeople(
  sock: Pick<WASocket, 'fetchStatus' | 'profilePictureUrl' | 'signalRepository'>,
  numbers: KnownNumbers,
) {
  const remembered = createGrowingCache<{ url: string | null }>(pictures, pictureMs)
  return {
    /** Of these numbers those that are on WhatsApp. */
    amongWhatsapp: (phones: readonly string[]) => numbers.among(phones),

    /** The words below somebody's name, and since when; `null` = none, or not for us to see. */
    async about(jid: string): Promise<{ about: string | null; setAt: Date | null }> {
      const [answer] = (await sock.fetchStatus(jid)) ?? []
      const status = answer?.['status'] as { status?: string | null; setAt?: Date } | undefined
      const setAt = status?.setAt && status.setAt.getTime() > 0 ? status.setAt : null
      return { about: status?.status?.slice(0, longestAbout) || null, setAt: status?.status ? setAt : null }
    },

    /** Where a picture can be fetched for some days; `null` = none, or not for us to see. */
    async pictureUrl(jid: string, size: 'preview' | 'image'): Promise<string | null> {
      const name = `${size} ${jid}`
      const known = remembered.get(name)
      if (known) return known.url
      const url = await sock.profilePictureUrl(jid, size).catch((error: unknown) => {
        if (noPicture.includes(Number((error as { data?: unknown }).data))) return undefined
        throw error
      })
      const told = url !== undefined && url.length <= longestUrl && /^https?:\/\//.test(url) ? url : null
      remembered.set(name, { url: told })
      return told
    },

    /** It is another one now, or gone. */
    forgetPicture(jids: readonly string[]): void {
      for (const jid of jids) for (const size of ['preview', 'image']) remembered.delete(`${size} ${jid}`)
    },

    /** Both addresses of a person, as far as WhatsApp tells: a number is asked for, a LID is known or is not. */
    async bothAddresses(jid: string): Promise<{ lid: string | null; phone: string | null }> {
      const { lidMapping } = sock.signalRepository
      const phone = phoneOf(jid)
      if (phone === undefined) {
        const found = await lidMapping.getPNForLID(jid)
        return { lid: toBareJid(jid), phone: (found && phoneOf(jidNormalizedUser(found))) ?? null }
      }
      const isThere = (await numbers.among([phone])).has(phone)
      const lid = isThere ? await lidMapping.getLIDForPN(toPhoneJid(phone)) : null
      return { lid: lid ? toBareJid(lid) : null, phone }
    },
  }
}
