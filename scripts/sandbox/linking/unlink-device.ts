// The end of a link, from either side: the companion, its keys and whatever waited for it are gone.
import type { Address } from '../records.ts'
import type { Exchange } from '../server/exchange.ts'
import { node } from '../server/nodes.ts'
import { announceDevices } from './announce-devices.ts'

export const unlinkDevice = (exchange: Exchange, address: Address): void => {
  const { store } = exchange
  const all = [address.phone, address.device]
  exchange.transact(() => {
    store.devices.remove([address.phone, address.device])
    for (const key of store.queue.keys(all)) store.queue.remove(key)
    for (const key of store.preKeys.keys(all)) store.preKeys.remove(key)
  })
  exchange.online(address)?.end(node('stream:error', { code: 401 }, [node('conflict', { type: 'device_removed' })]))
  announceDevices(exchange, address.phone, address)
}
