// The key server: companions upload one-time keys, anyone fetches a bundle and uses one up. Companions' keys stay on
// disk; a pretend phone mints one for each bundle.
import { randomUUID } from 'node:crypto'
import { type BinaryNode, Curve, encodeBigEndian, generateSignalPubKey, S_WHATSAPP_NET } from '@whiskeysockets/baileys'
import type { Address, Device } from '../records.ts'
import type { Exchange } from '../server/exchange.ts'
import { bytesOf, child, children, node, unixSeconds } from '../server/nodes.ts'
import type { Answer } from './answer.ts'
import { verifySignature } from '../linking/verify-signature.ts'

const BAD_REQUEST = 400
const KEY_TYPE = Buffer.from([5])
/** Clients upload more when they are told of fewer than five (observed 2026-11, Baileys 7.0.0-rc14). */
const LOW_PRE_KEYS = 4

export type Bundle = {
  registrationId: number
  identity: Buffer
  signedPreKey: { keyId: number; public: Buffer; signature: Buffer }
  preKey: { keyId: number; public: Buffer } | undefined
}

const mintPreKey = (exchange: Exchange, phone: string) => {
  const record = exchange.store.phones.get(phone)!
  const keyId = record.nextPreKeyId
  const pair = Curve.generateKeyPair()
  exchange.savePhone({ ...record, nextPreKeyId: keyId + 1 })
  exchange.store.signal.put([phone, 'pre-key', String(keyId)], pair)
  return { keyId, public: Buffer.from(pair.public) }
}

const takePreKey = (exchange: Exchange, address: Address) => {
  const { preKeys } = exchange.store
  const [first, ...others] = [...preKeys.rows([address.phone, address.device], { limit: LOW_PRE_KEYS + 2 })]
  if (first) preKeys.remove(first.key)
  if (others.length <= LOW_PRE_KEYS) {
    const connection = exchange.online(address)
    if (connection?.active) {
      const attrs = { type: 'encrypt', from: S_WHATSAPP_NET, id: randomUUID(), t: unixSeconds() }
      exchange.emit(connection, node('notification', attrs, [node('count', { value: others.length })]))
    }
  }
  return first && { keyId: first.key[2], public: first.value }
}

/** The keys to start a session with a device; uses one of its one-time keys up. */
export const takeBundle = (exchange: Exchange, address: Address): Bundle | undefined =>
  exchange.transact(() => {
    const { phones, devices } = exchange.store
    if (address.device === 0) {
      const phone = phones.get(address.phone)
      if (!phone) return undefined
      const { keyId, keyPair, signature } = phone.signedPreKey
      return {
        registrationId: phone.registrationId,
        identity: phone.identity.public,
        signedPreKey: { keyId, public: keyPair.public, signature },
        preKey: mintPreKey(exchange, address.phone),
      }
    }
    const device = devices.get([address.phone, address.device])
    return (
      device && {
        registrationId: device.registrationId,
        identity: device.identityPublic,
        signedPreKey: device.signedPreKey,
        preKey: takePreKey(exchange, address),
      }
    )
  })

const keyNode = (tag: string, key: { keyId: number; public: Buffer; signature?: Buffer }): BinaryNode =>
  node(tag, {}, [
    node('id', {}, encodeBigEndian(key.keyId, 3)),
    node('value', {}, key.public),
    ...(key.signature ? [node('signature', {}, key.signature)] : []),
  ])

const bundleNode = (exchange: Exchange, jid: string): BinaryNode => {
  const address = exchange.directory.resolve(jid)
  const bundle = address && takeBundle(exchange, address)
  if (!bundle) return node('user', { jid }, [node('error', { code: 404, text: 'item-not-found' })])
  return node('user', { jid, t: unixSeconds() }, [
    node('registration', {}, encodeBigEndian(bundle.registrationId)),
    node('type', {}, KEY_TYPE),
    node('identity', {}, bundle.identity),
    keyNode('skey', bundle.signedPreKey),
    ...(bundle.preKey ? [keyNode('key', bundle.preKey)] : []),
  ])
}

const readKey = (key: BinaryNode): { keyId: number; public: Buffer } | undefined => {
  const id = bytesOf(key, 'id')
  const value = bytesOf(key, 'value')
  return id?.length === 3 && value?.length === 32 ? { keyId: id.readUIntBE(0, 3), public: value } : undefined
}

const readSignedKey = (key: BinaryNode | undefined, device: Device): Device['signedPreKey'] | undefined => {
  const read = key && readKey(key)
  const signature = bytesOf(key, 'signature')
  if (!read || signature?.length !== 64) return undefined
  const known = device.signedPreKey
  if (known.keyId === read.keyId && known.public.equals(read.public)) return known
  const valid = verifySignature(device.identityPublic, generateSignalPubKey(read.public), signature)
  return valid ? { ...read, signature } : undefined
}

const storeUpload = (exchange: Exchange, address: Address, device: Device, iq: BinaryNode): Answer => {
  const keys = children(child(iq, 'list'), 'key').map(readKey)
  const signedPreKey = readSignedKey(child(iq, 'skey'), device)
  if (!signedPreKey || keys.some((key) => !key)) return BAD_REQUEST
  if (bytesOf(iq, 'identity')?.equals(device.identityPublic) !== true) return BAD_REQUEST
  exchange.transact(() => {
    for (const key of keys) exchange.store.preKeys.put([address.phone, address.device, key!.keyId], key!.public)
    exchange.store.devices.put([address.phone, address.device], { ...device, signedPreKey })
  })
  return []
}

export const answerKeys = (exchange: Exchange, address: Address, iq: BinaryNode): Answer => {
  const device = exchange.store.devices.get([address.phone, address.device])
  if (!device) return BAD_REQUEST
  if (iq.attrs.type === 'get') {
    if (child(iq, 'count')) {
      return [node('count', { value: exchange.store.preKeys.count([address.phone, address.device]) })]
    }
    if (child(iq, 'digest')) return [node('digest', {}, [])]
    const users = children(child(iq, 'key'), 'user')
    return [
      node(
        'list',
        {},
        users.map((user) => bundleNode(exchange, user.attrs.jid ?? '')),
      ),
    ]
  }
  const rotate = child(iq, 'rotate')
  if (!rotate) return storeUpload(exchange, address, device, iq)
  const signedPreKey = readSignedKey(child(rotate, 'skey'), device)
  if (!signedPreKey) return BAD_REQUEST
  exchange.transact(() => exchange.store.devices.put([address.phone, address.device], { ...device, signedPreKey }))
  return []
}
