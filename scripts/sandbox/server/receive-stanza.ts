// Everything a linked client sends that is not a question: messages, receipts, acks, presence, typing. Each is
// acknowledged once its effect is stored.
import type { BinaryNode } from '@whiskeysockets/baileys'
import type { Address } from '../records.ts'
import type { Calls } from './calls.ts'
import type { Connection } from './connection.ts'
import type { Exchange } from './exchange.ts'
import { node, unixSeconds } from './nodes.ts'
import { routeChannelMessage, viewPosts } from './channels/route-channel-message.ts'
import { CHANNEL_SERVER } from './channels/channel-book.ts'
import { routeMessage } from './route-message.ts'
import { routeReceipt } from './route-receipt.ts'
import type { SignalRouter } from './route-signals.ts'

const KEY_ALREADY_USED = '487'

const receiveMessage = (exchange: Exchange, connection: Connection, sender: Address, stanza: BinaryNode) => {
  const { id, to } = stanza.attrs
  const isForChannel = to?.endsWith(CHANNEL_SERVER) === true
  const nack = exchange.faults.nackFor(sender)
  const { error = nack, serverId } =
    nack === undefined && isForChannel
      ? routeChannelMessage(exchange, sender, stanza)
      : { error: nack ?? routeMessage(exchange, sender, stanza) }
  const attrs = { class: 'message', id, from: to, t: unixSeconds(), error, server_id: serverId }
  exchange.emit(connection, node('ack', attrs))
}

const receiveAck = (exchange: Exchange, owner: Address, ack: BinaryNode) => {
  const { id, class: kind, type, to, participant, error } = ack.attrs
  if (!id || (kind !== 'message' && kind !== 'receipt' && kind !== 'notification')) return
  const settled = exchange.settle(
    owner,
    kind,
    id,
    ({ attrs }) =>
      kind !== 'receipt' || (attrs.type === type && attrs.from === to && attrs.participant === participant),
  )
  if (kind !== 'message' || error !== KEY_ALREADY_USED) return
  const author = exchange.directory.resolve(settled?.attrs.participant ?? settled?.attrs.from ?? to)
  for (const phone of new Set([owner.phone, author?.phone ?? owner.phone])) exchange.count(phone, 'nacks487')
}

export const receiveStanza = (
  exchange: Exchange,
  signals: SignalRouter,
  calls: Calls,
  connection: Connection,
  stanza: BinaryNode,
): void => {
  const { address } = connection
  if (!address) return
  switch (stanza.tag) {
    case 'message':
      return receiveMessage(exchange, connection, address, stanza)
    case 'receipt':
      if (stanza.attrs.to?.endsWith(CHANNEL_SERVER)) viewPosts(exchange, address, stanza)
      else routeReceipt(exchange, address, stanza)
      return connection.send(
        node('ack', { class: 'receipt', id: stanza.attrs.id, from: stanza.attrs.to, type: stanza.attrs.type }),
      )
    case 'ack':
      return receiveAck(exchange, address, stanza)
    case 'presence':
    case 'chatstate':
      return signals.receive(connection, address, stanza)
    case 'call':
      calls.receive(address, stanza)
      return connection.send(node('ack', { class: 'call', id: stanza.attrs.id, from: stanza.attrs.to }))
    default:
      return
  }
}
