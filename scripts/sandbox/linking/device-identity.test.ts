import { Curve, proto } from '@whiskeysockets/baileys'
import { describe, expect, it } from 'vitest'
import { checkDeviceIdentity } from './device-identity.ts'

const keyPair = () => {
  const { public: pub, private: priv } = Curve.generateKeyPair()
  return { public: Buffer.from(pub), private: Buffer.from(priv) }
}
const account = keyPair()
const companion = keyPair()
const details = proto.ADVDeviceIdentity.encode({ rawId: 1, timestamp: 1, keyIndex: 1 }).finish()
const identity = (accountKey = account, companionKey = companion) =>
  proto.ADVSignedDeviceIdentity.encode({
    details,
    accountSignatureKey: account.public,
    accountSignature: Curve.sign(accountKey.private, Buffer.concat([Buffer.from([6, 0]), details, companion.public])),
    deviceSignature: Curve.sign(
      companionKey.private,
      Buffer.concat([Buffer.from([6, 1]), details, companion.public, account.public]),
    ),
  }).finish()
const check = (bytes: Uint8Array) => checkDeviceIdentity(bytes, companion.public, account.public)

describe('a device identity', () => {
  it('holds when account and companion signed each other', () => {
    expect(check(identity())).toBeUndefined()
  })

  it('does not hold when somebody else signed for either, or nobody', () => {
    expect(check(identity(keyPair()))).toBe('wrong account signature')
    expect(check(identity(account, keyPair()))).toBe('wrong device signature')
    expect(check(proto.ADVSignedDeviceIdentity.encode({ details }).finish())).toBe('a signature is missing')
    expect(check(Buffer.from('nonsense'))).toBe('the device identity cannot be read')
  })
})
