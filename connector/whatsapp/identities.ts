// One identity, two addresses: joins LID and phone number from the mappings that the key store holds. Never asks the network.
import { isPersonJid, parseJid, toBareJid, toLidJid, toPhoneJid } from '../../shared/model/jid.ts'
import type { Jids } from './facts.ts'
import type { KeyMemory } from './keys/key-memory.ts'

export type Identities = {
  /** `undefined` when the address is none we know. `alt` is another form that came along with it. */
  jidsOf(jid: string | null | undefined, alt?: string | null): Jids | undefined
  isMe(jid: string | null | undefined): boolean
  /** This account's own addresses, bare. */
  mine(): string[]
}

export function createIdentities(memory: Pick<KeyMemory, 'peek'>, me: () => { id: string; lid: string }): Identities {
  function otherForm(jid: string): string | undefined {
    const parsed = parseJid(jid)
    if (!parsed) return undefined
    // rc14 keeps `pnUser → lidUser` and `lidUser_reverse → pnUser` (Signal/lid-mapping.js).
    if (parsed.kind === 'phone') {
      const lid = memory.peek('lid-mapping', parsed.user)
      return typeof lid === 'string' ? toLidJid(lid) : undefined
    }
    if (parsed.kind === 'lid') {
      const phone = memory.peek('lid-mapping', `${parsed.user}_reverse`)
      return typeof phone === 'string' ? toPhoneJid(phone) : undefined
    }
    return undefined
  }
  const isMe = (jid: string | null | undefined): boolean => {
    if (!jid) return false
    const bare = toBareJid(jid)
    const { id, lid } = me()
    return bare === toBareJid(id) || (lid !== '' && bare === toBareJid(lid))
  }
  return {
    isMe,
    mine: () => Object.values(me()).flatMap((jid) => (jid === '' ? [] : [toBareJid(jid)])),
    jidsOf(jid, alt) {
      if (!jid || !parseJid(jid)) return undefined
      const first = toBareJid(jid)
      const forms = [first]
      if (isPersonJid(first)) {
        const given = alt && isPersonJid(alt) && isMe(alt) === isMe(first) ? toBareJid(alt) : undefined
        for (const form of [given, otherForm(first)]) if (form && !forms.includes(form)) forms.push(form)
      }
      return forms as [string, ...string[]]
    },
  }
}
