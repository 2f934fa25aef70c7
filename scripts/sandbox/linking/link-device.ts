// The phone's part in linking, the same for QR and code: it signs the companion's identity, waits for the
// companion's own signature, checks it, and only then does the companion exist. The client must reconnect after.
import { randomInt } from 'node:crypto'
import { Curve, generateSignalPubKey, hmacSign, proto, S_WHATSAPP_NET } from '@whiskeysockets/baileys'
import type { Device, Phone } from '../records.ts'
import type { Exchange } from '../server/exchange.ts'
import { bytesOf, child, node } from '../server/nodes.ts'
import { Refusal } from '../server/refusal.ts'
import { announceDevices } from './announce-devices.ts'
import { checkDeviceIdentity } from './device-identity.ts'
import type { Registration } from './waiting-clients.ts'
import { verifySignature } from './verify-signature.ts'

const ACCOUNT_SIGNATURE_PREFIX = Buffer.from([6, 0])
const ANSWER_TIMEOUT_MS = 10_000

const timeout = (ms: number) =>
  new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms).unref()
  })

const readKeys = (registration: Registration) => {
  const { eIdent, eRegid, eSkeyId, eSkeyVal, eSkeySig, deviceProps } = registration.pairing
  if (eIdent?.length !== 32 || eRegid?.length !== 4 || eSkeyId?.length !== 3 || eSkeyVal?.length !== 32 || !eSkeySig) {
    throw new Refusal(409, 'client.malformed', 'The client registered with keys of the wrong size.')
  }
  const identityPublic = Buffer.from(eIdent)
  if (!verifySignature(identityPublic, generateSignalPubKey(Buffer.from(eSkeyVal)), Buffer.from(eSkeySig))) {
    throw new Refusal(409, 'client.malformed', "The client's signed prekey carries a wrong signature.")
  }
  const props = proto.DeviceProps.decode(deviceProps ?? Buffer.alloc(0))
  return {
    identityPublic,
    registrationId: Buffer.from(eRegid).readUInt32BE(0),
    signedPreKey: {
      keyId: Buffer.from(eSkeyId).readUIntBE(0, 3),
      public: Buffer.from(eSkeyVal),
      signature: Buffer.from(eSkeySig),
    },
    platform: `${props.os ?? 'unknown'} ${proto.DeviceProps.PlatformType[props.platformType ?? 0] ?? ''}`.trim(),
  }
}

const signIdentity = (phone: Phone, keyIndex: number, identityPublic: Buffer, advSecret: Buffer): Uint8Array => {
  const details = proto.ADVDeviceIdentity.encode({
    rawId: randomInt(2 ** 31),
    timestamp: Math.floor(Date.now() / 1000),
    keyIndex,
    deviceType: proto.ADVEncryptionType.E2EE,
  }).finish()
  const signed = proto.ADVSignedDeviceIdentity.encode({
    details,
    accountSignatureKey: phone.identity.public,
    accountSignature: Curve.sign(
      phone.identity.private,
      Buffer.concat([ACCOUNT_SIGNATURE_PREFIX, details, identityPublic]),
    ),
  }).finish()
  return proto.ADVSignedDeviceIdentityHMAC.encode({ details: signed, hmac: hmacSign(signed, advSecret) }).finish()
}

export const linkDevice = async (
  exchange: Exchange,
  phone: Phone,
  registration: Registration,
  advSecret: Buffer,
): Promise<Device> => {
  const { connection } = registration
  const keys = readKeys(registration)
  const device = phone.nextDevice
  exchange.savePhone({ ...phone, nextDevice: device + 1 })

  const address = { phone: phone.phone, device }
  const id = `pair-${connection.id}-${device}`
  const answered = Promise.race([connection.answer(id), timeout(ANSWER_TIMEOUT_MS)])
  connection.send(
    node('iq', { type: 'set', id, xmlns: 'md', from: S_WHATSAPP_NET }, [
      node('pair-success', {}, [
        node('device-identity', {}, signIdentity(phone, device, keys.identityPublic, advSecret)),
        node('device', { jid: exchange.directory.jid(address, 'pn'), lid: exchange.directory.jid(address, 'lid') }),
        node('platform', { name: 'android' }),
      ]),
    ]),
  )
  const answer = await answered.catch((error: Error) => {
    throw new Refusal(409, 'client.refused', `The client did not accept the link: ${error.message}.`)
  })

  const identity = bytesOf(child(answer, 'pair-device-sign'), 'device-identity')
  const problem = identity && checkDeviceIdentity(identity, keys.identityPublic, phone.identity.public)
  if (!identity || problem) {
    connection.end(node('stream:error', { code: 500 }))
    throw new Refusal(409, 'client.refused', `The client signed wrongly: ${problem ?? 'no device identity'}.`)
  }
  const record: Device = {
    phone: phone.phone,
    device,
    keyIndex: device,
    noisePublic: registration.noisePublic,
    ...keys,
    linkedAt: new Date().toISOString(),
    historySent: false,
  }
  exchange.transact(() => exchange.store.devices.put([phone.phone, device], record))
  announceDevices(exchange, phone.phone)
  connection.end(node('stream:error', { code: 515 }))
  return record
}
