import { Curve, signedKeyPair } from '@whiskeysockets/baileys'
import { expect, test } from 'vitest'
import { createPhoneSignal } from './signal.ts'

type Args = Parameters<typeof createPhoneSignal>

const jid = '100200300:1@lid'
const keys = () => {
  const identity = Curve.generateKeyPair()
  const signed = signedKeyPair(identity, 1)
  const toBytes = (key: Uint8Array) => Buffer.from(key)
  return {
    identity: { public: toBytes(identity.public), private: toBytes(identity.private) },
    registrationId: 7,
    signedPreKey: {
      keyId: signed.keyId,
      keyPair: { public: toBytes(signed.keyPair.public), private: toBytes(signed.keyPair.private) },
      signature: toBytes(signed.signature),
    },
  }
}

test('a phone that opens a session knows the identity of the device, which may answer without ever showing it', async () => {
  const rows = new Map<string, unknown>()
  const store = {
    signal: {
      get: (key: string[]) => rows.get(key.join('/')),
      put: (key: string[], value: unknown) => rows.set(key.join('/'), value),
      remove: (key: string[]) => rows.delete(key.join('/')),
    },
  } as unknown as Args[0]
  const signal = createPhoneSignal(store, { phone: '15550000001', ...keys() } as Args[1])
  const device = keys()
  const { keyId, keyPair, signature } = device.signedPreKey
  expect(signal.identityOf(jid)).toBeUndefined()
  await signal.startSession(jid, {
    registrationId: device.registrationId,
    identity: device.identity.public,
    signedPreKey: { keyId, public: keyPair.public, signature },
    preKey: undefined,
  })
  signal.store()
  expect(signal.identityOf(jid)).toEqual(device.identity.public)
})
