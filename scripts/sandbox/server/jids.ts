// The one place where the sandbox takes an address apart and puts one together.
import { jidDecode, jidEncode } from '@whiskeysockets/baileys'
import type { Address } from '../records.ts'
import type { Store } from '../store.ts'

export type Addressing = 'lid' | 'pn'

export const SERVER = 's.whatsapp.net'

export const addressingOf = (jid: string | undefined): Addressing => (jid?.endsWith('@lid') ? 'lid' : 'pn')

export const createDirectory = (store: Store) => ({
  /** The number and device behind a jid in either form; undefined when no pretend phone has it. */
  resolve: (jid: string | undefined): Address | undefined => {
    const parts = jidDecode(jid)
    if (!parts) return undefined
    const phone = parts.server === 'lid' ? store.lids.get(parts.user) : parts.user
    if (phone === undefined || !(parts.server === 'lid' || parts.server === SERVER)) return undefined
    return store.phones.get(phone) ? { phone, device: parts.device ?? 0 } : undefined
  },
  jid: ({ phone, device }: Address, addressing: Addressing): string =>
    addressing === 'pn'
      ? jidEncode(phone, SERVER, device)
      : jidEncode(store.phones.get(phone)?.lid ?? phone, 'lid', device),
  /** As the server names a device in groups: by LID with its number beside it, or by one of them alone. */
  named: ({ phone, device }: Address): { jid: string; pn?: string } => {
    const own = store.phones.get(phone)
    const pn = jidEncode(phone, SERVER, device)
    if (own?.shownAs === 'pn') return { jid: pn }
    const jid = jidEncode(own?.lid ?? phone, 'lid', device)
    return own?.shownAs === 'lid' ? { jid } : { jid, pn: jidEncode(phone, SERVER, 0) }
  },
  /** Every device of a number, the phone first. */
  devices: (phone: string): Address[] => [
    { phone, device: 0 },
    ...store.devices.keys([phone]).map(([, device]) => ({ phone, device })),
  ],
})
