// Both addresses of a person, as far as they are known, for whoever reads what names them by one.
import { parseJid, phoneOf, toBareJid } from './jid.ts'

/** `lid`: a jid. `phone`: digits. Either may be unknown. */
export type Addresses = { lid?: string; phone?: string }

/** `jid`: as the message has it. */
export type Person = Addresses & { jid: string }

/** `forms`: every known address, in any order. */
export function toAddresses(forms: readonly string[]): Addresses {
  const lid = forms.find((jid) => parseJid(jid)?.kind === 'lid')
  const phone = forms.map(phoneOf).find((digits) => digits !== undefined)
  return { ...(lid ? { lid: toBareJid(lid) } : {}), ...(phone ? { phone } : {}) }
}

/** The first form is how they are named. */
export function toPerson(forms: readonly [string, ...string[]]): Person {
  return { jid: forms[0], ...toAddresses(forms) }
}
