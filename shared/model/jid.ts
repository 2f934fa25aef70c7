// The one place where a WhatsApp address is taken apart or put together.
// A jid is `user[:device]@server`; people have two: a phone number (`…@s.whatsapp.net`) and a LID (`…@lid`).
import { parsePhoneNumberFromString } from 'libphonenumber-js/min'
import { LRUCache } from 'lru-cache'

export type JidKind = 'phone' | 'lid' | 'group' | 'broadcast' | 'newsletter'

export type ParsedJid = { user: string; device: number; server: string; kind: JidKind }

const kinds = new Map<string, JidKind>([
  ['s.whatsapp.net', 'phone'],
  ['c.us', 'phone'],
  ['hosted', 'phone'],
  ['lid', 'lid'],
  ['hosted.lid', 'lid'],
  ['g.us', 'group'],
  ['broadcast', 'broadcast'],
  ['newsletter', 'newsletter'],
])

const pattern = /^([A-Za-z0-9._-]{1,64})(?:_\d{1,3})?(?::(\d{1,5}))?@([a-z.]{1,20})$/

/** A number, or the maker's and the time as in old groups. */
const groupUser = /^\d+(?:-\d+)*$/

/** `undefined` for anything that is not a jid of a kind we know. */
export function parseJid(text: string): ParsedJid | undefined {
  const match = pattern.exec(text)
  if (!match) return undefined
  const [, user, device, server] = match
  const kind = kinds.get(server ?? '')
  if (!user || !server || !kind) return undefined
  if (kind === 'group' && !groupUser.test(user)) return undefined
  return { user, device: Number(device ?? 0), server: server === 'c.us' ? 's.whatsapp.net' : server, kind }
}

/** Without `:device`; `c.us` becomes `s.whatsapp.net`. Text that is no jid is given back as it is. */
export function toBareJid(text: string): string {
  const jid = parseJid(text)
  if (!jid) return text
  const server = jid.kind === 'phone' ? 's.whatsapp.net' : jid.kind === 'lid' ? 'lid' : jid.server
  return `${jid.user}@${server}`
}

export function toPhoneJid(digits: string): string {
  return `${digits}@s.whatsapp.net`
}

export function toLidJid(user: string): string {
  return `${user}@lid`
}

/** The digits of a phone-number jid, else `undefined`. */
export function phoneOf(jid: string | undefined): string | undefined {
  const parsed = jid === undefined ? undefined : parseJid(jid)
  return parsed?.kind === 'phone' ? parsed.user : undefined
}

export function isGroupJid(jid: string): boolean {
  return parseJid(jid)?.kind === 'group'
}

/** A channel's address (WhatsApp calls them newsletters). */
export function isChannelJid(jid: string): boolean {
  return parseJid(jid)?.kind === 'newsletter'
}

/** The chat in which everybody's stories stand. */
export const storiesJid = 'status@broadcast'

/** A person, by phone number or LID. */
export function isPersonJid(jid: string): boolean {
  const kind = parseJid(jid)?.kind
  return kind === 'phone' || kind === 'lid'
}

/** People are written to again and again, and parsing a number is slow. */
const countries = new LRUCache<string, boolean>({ max: 5_000 })

function hasCountry(digits: string): boolean {
  const known = countries.get(digits) ?? parsePhoneNumberFromString(`+${digits}`) !== undefined
  countries.set(digits, known)
  return known
}

/**
 * An address as people write it: a jid, or a phone number in international form (`+54 9 11 5555-0000` or its digits).
 * Never guesses a country. Returns a bare jid, or a sentence that says what is wrong.
 */
export function parseAddress(text: string): { jid: string } | { fault: string } {
  const trimmed = text.trim()
  if (trimmed.includes('@')) {
    const jid = parseJid(trimmed)
    return jid ? { jid: toBareJid(trimmed) } : { fault: 'is not a jid that WhatsApp knows' }
  }
  if (!/^\+?[\d\s().-]+$/.test(trimmed)) return { fault: 'is neither a phone number in international form nor a jid' }
  const digits = trimmed.replace(/\D/g, '')
  if (digits.length < 7 || digits.length > 15) return { fault: 'must have 7 to 15 digits, country code first' }
  if (digits.startsWith('0')) return { fault: 'must start with the country code, not with 0' }
  if (!hasCountry(digits)) return { fault: 'does not start with a country code that exists' }
  return { jid: toPhoneJid(digits) }
}

/** For logs: the middle digits are hidden (`54911•••0000`). */
export function maskJid(jid: string): string {
  return jid.replace(/(\d{5})\d+(\d{4})/g, '$1•••$2')
}
