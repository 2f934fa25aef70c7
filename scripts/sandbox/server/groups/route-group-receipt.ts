// Receipts for what was written in a group go to its author, who learns from whom; a retry to exactly one device.
import type { BinaryNode } from '@whiskeysockets/baileys'
import type { Address } from '../../records.ts'
import type { Exchange } from '../exchange.ts'
import { node, unixSeconds } from '../nodes.ts'

/** Only inside `transact`. */
export const routeGroupReceipt = (exchange: Exchange, author: Address, receipt: BinaryNode): void => {
  const { directory } = exchange
  const { id, to, participant } = receipt.attrs
  const type = receipt.attrs.type ?? 'delivered'
  const target = directory.resolve(participant)
  const forward = (receiver: Address, told: string | undefined) => {
    if (receiver.phone === author.phone && receiver.device === author.device) return
    const attrs = { from: to, participant: directory.named(author).jid, id, type: told }
    exchange.post(
      receiver,
      'receipt',
      node('receipt', { ...attrs, t: receipt.attrs.t ?? unixSeconds() }, receipt.content),
    )
  }
  const forwardToAll = (phone: string, told: string | undefined) => {
    for (const device of directory.devices(phone)) forward(device, told)
  }
  if (type === 'retry') return target && forward(target, type)
  if (type === 'read-self' || type === 'sender') return forwardToAll(author.phone, type)
  if (!target) return
  if (type === 'delivered' || type === 'inactive') return forwardToAll(target.phone, undefined)
  if (type !== 'read' && type !== 'played') return
  forwardToAll(target.phone, type)
  if (target.phone !== author.phone) forwardToAll(author.phone, type)
}
