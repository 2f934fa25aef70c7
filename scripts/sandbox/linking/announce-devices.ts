// Tells the account's own companions, and every companion that has looked up its devices, that the list has changed.
import { randomUUID } from 'node:crypto'
import type { Address } from '../records.ts'
import type { Exchange } from '../server/exchange.ts'
import { node, unixSeconds } from '../server/nodes.ts'

export const announceDevices = (exchange: Exchange, phone: string, removed?: Address): void => {
  const { directory, store } = exchange
  const changed = removed ? [removed] : directory.devices(phone)
  const listeners = new Map<string, Address>()
  const listen = (address: Address) => listeners.set(`${address.phone}:${address.device}`, address)
  for (const address of directory.devices(phone)) if (address.device !== 0) listen(address)

  exchange.transact(() => {
    for (const key of store.watchers.keys([phone])) {
      const [, watcher, device] = key
      if (store.devices.get([watcher, device])) listen({ phone: watcher, device })
      else store.watchers.remove(key)
    }
    for (const listener of listeners.values()) {
      for (const addressing of ['pn', 'lid'] as const) {
        const devices = changed.map((address) =>
          node('device', {
            jid: directory.jid(address, addressing),
            'key-index': store.devices.get([address.phone, address.device])?.keyIndex,
          }),
        )
        const from = directory.jid({ phone, device: 0 }, addressing)
        const attrs = { type: 'devices', id: randomUUID(), from, t: unixSeconds() }
        const change = node(removed ? 'remove' : 'update', {}, devices)
        exchange.post(listener, 'notification', node('notification', attrs, [change]))
      }
    }
  })
}
