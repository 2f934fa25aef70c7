// Readers take events of 64 kB: what would be larger says less and says so, and the row itself has it all.
import type { ContactCard } from '../model/content.ts'

/** `data` of one event, bytes of JSON. */
export const maxEventBytes = 64 * 1024
/** Characters that fit in any case, every one of them escaped. */
const cutTextLength = 8_000
/** Cards in such an event, without their vCards, and numbers of each. */
const cutContacts = 40
const cutPhones = 10
/** What is left of every text and every list, tried one after the other. */
const cuts = [
  { text: 2_000, list: 250 },
  { text: 1_000, list: 50 },
  { text: 200, list: 20 },
  { text: 50, list: 5 },
] as const

type Data = Record<string, unknown>

/** With `textTruncated`, `contactsTruncated` where these were cut, `truncated` where anything else was as well. */
export function fitData(data: Data): Data {
  if (mostBytes(data) <= maxEventBytes || bytesOf(data) <= maxEventBytes) return data
  const { text, contacts } = data
  const brief = {
    ...data,
    ...(typeof text === 'string' && text.length > cutTextLength
      ? { text: text.slice(0, cutTextLength), textTruncated: true }
      : {}),
    ...(Array.isArray(contacts)
      ? { contacts: contacts.slice(0, cutContacts).map(toBriefCard), contactsTruncated: true }
      : {}),
  }
  if (bytesOf(brief) <= maxEventBytes) return brief
  let fitting: Data = brief
  for (const cut of cuts) {
    fitting = { ...(shorten(brief, cut) as Data), truncated: true }
    if (bytesOf(fitting) <= maxEventBytes) break
  }
  return fitting
}

const toBriefCard = ({ name, phones }: ContactCard) => ({ name, phones: phones.slice(0, cutPhones) })

const bytesOf = (data: Data) => Buffer.byteLength(JSON.stringify(data))

/** Never less than its JSON has, and far cheaper to know: a character takes six bytes at most, escaped. */
function mostBytes(value: unknown): number {
  if (typeof value === 'string') return value.length * 6 + 2
  if (typeof value !== 'object' || value === null || value instanceof Date) return 32
  let sum = 2
  if (Array.isArray(value)) for (const one of value) sum += mostBytes(one) + 1
  else for (const [name, one] of Object.entries(value)) sum += name.length * 6 + 4 + mostBytes(one)
  return sum
}

function shorten(value: unknown, cut: (typeof cuts)[number]): unknown {
  if (typeof value === 'string') return value.slice(0, cut.text)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (Array.isArray(value)) return value.slice(0, cut.list).map((one) => shorten(one, cut))
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shorten(one, cut)]))
}
