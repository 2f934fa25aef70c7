// Receipts from one device to the others. Delivered, read and played go to every device of the number that sent the
// message; a retry goes to exactly one; what was read here is told to the own other devices too.
import type { BinaryNode } from '@whiskeysockets/baileys'
import type { Address } from '../records.ts'
import type { Exchange } from './exchange.ts'
import { routeGroupReceipt } from './groups/route-group-receipt.ts'
import { addressingOf } from './jids.ts'
import { children, node, unixSeconds } from './nodes.ts'
import { STORIES } from './route-story.ts'

/** Receipt types that say "this device has the message", and so take it off its queue. */
const SETTLING = new Set(['delivered', 'inactive', 'sender', 'peer_msg', 'hist_sync'])

export const receiptIds = (receipt: BinaryNode): string[] => [
  receipt.attrs.id ?? '',
  ...children(children(receipt, 'list')[0], 'item').map((item) => item.attrs.id ?? ''),
]

export const routeReceipt = (exchange: Exchange, author: Address, receipt: BinaryNode): void => {
  const { directory } = exchange
  const { id, to, recipient } = receipt.attrs
  const type = receipt.attrs.type ?? 'delivered'
  if (!id) return
  const addressing = addressingOf(to ?? recipient)
  // A message typed elsewhere by this number: Baileys leaves `to` out when it knows no LID.
  const target = directory.resolve(to) ?? (type === 'sender' ? { phone: author.phone, device: 0 } : undefined)

  const forward = (receiver: Address, extra: { type?: string | undefined; recipient?: string | undefined }) => {
    if (receiver.phone === author.phone && receiver.device === author.device) return
    const from = directory.jid(author, addressing)
    exchange.post(
      receiver,
      'receipt',
      node('receipt', { from, id, t: receipt.attrs.t ?? unixSeconds(), ...extra }, receipt.content),
    )
  }

  exchange.transact(() => {
    // A phone takes what it has read off its queue itself.
    if (author.device !== 0 && SETTLING.has(type)) {
      for (const one of receiptIds(receipt)) exchange.settle(author, 'message', one)
    }
    if (to?.endsWith('@g.us') || to === STORIES) return routeGroupReceipt(exchange, author, receipt)
    if (!target) return
    const own = target.phone === author.phone
    switch (type) {
      case 'retry':
        return forward(target, { type, recipient: own ? recipient : undefined })
      case 'server-error':
        // A companion cannot load a file any more: its own phone may have it.
        if (own) forward({ phone: author.phone, device: 0 }, { type })
        return
      case 'sender':
        if (to) return forward(target, { type, recipient })
        for (const device of directory.devices(author.phone)) forward(device, { type, recipient })
        return
      case 'peer_msg':
      case 'hist_sync':
        return forward({ phone: author.phone, device: 0 }, { type })
      case 'read-self':
        for (const device of directory.devices(author.phone)) forward(device, { type, recipient: to })
        return
      case 'delivered':
      case 'inactive':
      case 'read':
      case 'played': {
        const forwarded = type === 'inactive' || type === 'delivered' ? undefined : type
        for (const device of directory.devices(target.phone))
          forward(device, { type: forwarded, recipient: own ? recipient : undefined })
        if (!own && forwarded) {
          for (const device of directory.devices(author.phone)) forward(device, { type, recipient: to })
        }
        return
      }
      default:
        return
    }
  })
}
