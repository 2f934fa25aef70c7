// What happens after the handshake: a client without a number is given QR references, one that claims a device must
// hold its noise key. When it says `active` it gets what waited for it, and from then on everything as it comes.
import { randomBytes } from 'node:crypto'
import { S_WHATSAPP_NET } from '@whiskeysockets/baileys'
import type { Address } from '../records.ts'
import type { WaitingClients } from '../linking/waiting-clients.ts'
import type { Connection, Login } from './connection.ts'
import type { Exchange } from './exchange.ts'
import { node, unixSeconds } from './nodes.ts'

const QR_REFERENCES = 6

export const admit = (exchange: Exchange, waiting: WaitingClients, connection: Connection, login: Login): void => {
  const { payload, noisePublic } = login
  if (payload.devicePairingData) {
    const references = Array.from({ length: QR_REFERENCES }, () => `2@${randomBytes(48).toString('base64')}`)
    waiting.add({ connection, noisePublic, pairing: payload.devicePairingData }, references)
    connection.send(
      node('iq', { type: 'set', id: `pair-device-${connection.id}`, xmlns: 'md', from: S_WHATSAPP_NET }, [
        node(
          'pair-device',
          {},
          references.map((ref) => node('ref', {}, Buffer.from(ref))),
        ),
      ]),
    )
    return
  }
  const address: Address = { phone: String(payload.username ?? ''), device: payload.device ?? 0 }
  const device = exchange.store.devices.get([address.phone, address.device])
  if (!device?.noisePublic.equals(noisePublic)) {
    connection.end(node('failure', { reason: 401, location: 'rva' }))
    return
  }
  exchange.enter(connection, address)
  connection.delayMs = exchange.faults.delayFor(address)
  connection.send(node('success', { t: unixSeconds(), lid: exchange.directory.jid(address, 'lid'), location: 'rva' }))
}

/** The client asked for its traffic. `afterOffline` runs once it has been told that nothing older is left. */
export const activate = (exchange: Exchange, connection: Connection, afterOffline: () => void): void => {
  const { address } = connection
  if (!address || connection.active) return
  const rows = exchange.queued(address)
  connection.active = true
  let sent = 0
  for (const { value } of rows) {
    // A fault may close the socket in the middle; the rest then waits for the next login.
    if (exchange.online(address) !== connection) return
    sent++
    exchange.emit(connection, { ...value.node, attrs: { ...value.node.attrs, offline: String(sent) } })
  }
  if (!exchange.faults.skipsOffline(address)) connection.send(node('ib', {}, [node('offline', { count: sent })]))
  afterOffline()
}
