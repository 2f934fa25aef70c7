// Tells the account's own companions, and everyone connected who looked up its devices, that the list has changed.
import { randomUUID } from 'node:crypto'
import type { Address } from '../records.ts'
import type { Exchange } from '../server/exchange.ts'
import { node, unixSeconds } from '../server/nodes.ts'

export const announceDevices = (exchange: Exchange, phone: string, removed?: Address): void => {
  const { directory, store } = exchange
  const listeners = new Map(exchange.watching(phone).map((connection) => [connection.id, connection]))
  for (const address of directory.devices(phone)) {
    const own = exchange.online(address)
    if (own) listeners.set(own.id, own)
  }
  const changed = removed ? [removed] : directory.devices(phone)
  for (const connection of listeners.values()) {
    for (const addressing of ['pn', 'lid'] as const) {
      const devices = changed.map((address) =>
        node('device', {
          jid: directory.jid(address, addressing),
          'key-index': store.devices.get([address.phone, address.device])?.keyIndex,
        }),
      )
      exchange.emit(
        connection,
        node(
          'notification',
          {
            type: 'devices',
            id: randomUUID(),
            from: directory.jid({ phone, device: 0 }, addressing),
            t: unixSeconds(),
          },
          [node(removed ? 'remove' : 'update', {}, devices)],
        ),
      )
    }
  }
}
