// What WhatsApp knows of people: asked now, of the server.
import type { WASocket } from '@whiskeysockets/baileys'
import { phoneOf } from '../../shared/model/jid.ts'

export type People = ReturnType<typeof createPeople>

export function createPeople(sock: Pick<WASocket, 'onWhatsApp'>) {
  return {
    /** Of these numbers those that are on WhatsApp. */
    async amongWhatsapp(phones: readonly string[]): Promise<Set<string>> {
      const answers = (await sock.onWhatsApp(...phones)) ?? []
      const found = answers.filter(({ exists }) => exists).map(({ jid }) => phoneOf(jid))
      return new Set(found.filter((phone) => phone !== undefined))
    },
  }
}
