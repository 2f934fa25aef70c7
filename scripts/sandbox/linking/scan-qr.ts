// A phone points its camera at a QR: reference, noise key, identity key and secret must be those of a client that is
// waiting right now.
import type { Device, Phone } from '../records.ts'
import type { Exchange } from '../server/exchange.ts'
import { Refusal } from '../server/refusal.ts'
import { linkDevice } from './link-device.ts'
import type { WaitingClients } from './waiting-clients.ts'

const SECRET_BYTES = 32

/** `https://wa.me/settings/linked_devices#ref,noise,identity,secret,platform`; older clients leave the address out. */
export const parseQr = (text: string) => {
  const [ref, noise, identity, secret] = text.slice(text.indexOf('#') + 1).split(',')
  if (!ref || !noise || !identity || !secret || Buffer.from(secret, 'base64').length !== SECRET_BYTES) {
    throw new Refusal(422, 'qr.malformed', 'This is not the text of a WhatsApp linking QR.')
  }
  return { ref, noise: Buffer.from(noise, 'base64'), identity: Buffer.from(identity, 'base64'), secret }
}

export const scanQr = (exchange: Exchange, waiting: WaitingClients, phone: Phone, text: string): Promise<Device> => {
  const qr = parseQr(text)
  const registration = waiting.byRef(qr.ref)
  if (!registration) throw new Refusal(409, 'qr.expired', 'No client is waiting with this QR any more.')
  if (waiting.isStale(qr.secret)) throw new Refusal(409, 'qr.stale', 'This QR was replaced by a newer one.')
  if (
    !registration.noisePublic.equals(qr.noise) ||
    !qr.identity.equals(registration.pairing.eIdent ?? Buffer.alloc(0))
  ) {
    throw new Refusal(409, 'qr.foreign', 'The keys in this QR are not those of the client that waits with it.')
  }
  return linkDevice(exchange, phone, registration, Buffer.from(qr.secret, 'base64'))
}
