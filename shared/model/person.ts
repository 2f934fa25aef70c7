// Both addresses of a person, as far as they are known, for whoever reads a message that names them by one.
import { parseJid, phoneOf, toBareJid } from './jid.ts'

/** `jid`: as the message has it. `lid`: a jid. `phone`: digits. */
export type Person = { jid: string; lid?: string; phone?: string }

/** `forms`: every known address; the first one is how they are named. */
export function toPerson(forms: readonly [string, ...string[]]): Person {
  const lid = forms.find((jid) => parseJid(jid)?.kind === 'lid')
  const phone = forms.map(phoneOf).find((digits) => digits !== undefined)
  return { jid: forms[0], ...(lid ? { lid: toBareJid(lid) } : {}), ...(phone ? { phone } : {}) }
}
