// Who of a group has received, read and played a message of ours. As in WhatsApp's apps it counts as delivered, read or
// played when that is so for everybody who was in the group when it was sent.
import type { Addresses } from './person.ts'
import type { MessageStatus } from './message.ts'

export type ReceiptStatus = Extract<MessageStatus, 'delivered' | 'read' | 'played'>
/** The first time of each. */
export type Receipt = Partial<Record<ReceiptStatus, Date>>
/** By `toReceiptName`; everybody who was there has a place from the start, and nobody else ever gets one. */
export type Receipts = Record<string, Receipt>

/** Larger groups (communities' announcements) keep none: their messages stay `sent`. */
export const maxReceipts = 1_024

const life: readonly ReceiptStatus[] = ['delivered', 'read', 'played']

/** Letters and digits only: it becomes the name of a field. */
export function toReceiptName({ lid, phone }: Addresses): string | undefined {
  const [letter, user] = lid === undefined ? ['p', phone] : ['l', lid.split('@')[0]]
  return user !== undefined && /^\d{1,32}$/.test(user) ? `${letter}${user}` : undefined
}

function toReceiptPerson(name: string): Addresses {
  return name.startsWith('l') ? { lid: `${name.slice(1)}@lid` } : { phone: name.slice(1) }
}

/** `undefined` when nobody, or too many, are there. */
export function emptyReceipts(people: readonly Addresses[]): Receipts | undefined {
  if (people.length === 0 || people.length > maxReceipts) return undefined
  const names = people.map(toReceiptName).filter((name) => name !== undefined)
  return Object.fromEntries(names.map((name) => [name, {}]))
}

/** Who has played it has read it, who has read it has received it. */
const has = (receipt: Receipt, status: ReceiptStatus) =>
  life.slice(life.indexOf(status)).some((later) => receipt[later] !== undefined)

export function countReceipts(receipts: Receipts): { total: number } & Record<ReceiptStatus, number> {
  const all = Object.values(receipts)
  const count = (status: ReceiptStatus) => all.filter((one) => has(one, status)).length
  return { total: all.length, delivered: count('delivered'), read: count('read'), played: count('played') }
}

/** The furthest that everybody has come. */
export function reachedByAll(receipts: Receipts): ReceiptStatus | undefined {
  const { total, ...counts } = countReceipts(receipts)
  return total === 0 ? undefined : life.findLast((status) => counts[status] === total)
}

/** What each has done, for who asks about one message. */
export function listReceipts(receipts: Receipts): (Addresses & Receipt)[] {
  return Object.entries(receipts).map(([name, receipt]) => ({ ...toReceiptPerson(name), ...receipt }))
}
