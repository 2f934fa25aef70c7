// A companion's proof that it belongs to an account: the account signed the companion's key, the companion signed
// back. Says in words what is wrong with one, or nothing.
import { proto } from '@whiskeysockets/baileys'
import { verifySignature } from './verify-signature.ts'

const ACCOUNT_PREFIX = Buffer.from([6, 0])
const DEVICE_PREFIX = Buffer.from([6, 1])

export const checkDeviceIdentity = (
  bytes: Uint8Array,
  companionIdentity: Buffer,
  accountIdentity: Buffer,
): string | undefined => {
  let identity: proto.ADVSignedDeviceIdentity
  try {
    identity = proto.ADVSignedDeviceIdentity.decode(bytes)
  } catch {
    return 'the device identity cannot be read'
  }
  const { details, accountSignature, deviceSignature } = identity
  if (!details || !accountSignature || !deviceSignature) return 'a signature is missing'
  // The key is left out where the reader knows it.
  if (identity.accountSignatureKey?.length && !accountIdentity.equals(identity.accountSignatureKey)) {
    return 'signed for another account'
  }
  if (
    !verifySignature(
      accountIdentity,
      Buffer.concat([ACCOUNT_PREFIX, details, companionIdentity]),
      Buffer.from(accountSignature),
    )
  ) {
    return 'wrong account signature'
  }
  const signedByDevice = Buffer.concat([DEVICE_PREFIX, details, companionIdentity, accountIdentity])
  if (!verifySignature(companionIdentity, signedByDevice, Buffer.from(deviceSignature))) return 'wrong device signature'
  return undefined
}
