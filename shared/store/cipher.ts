// Encryption at rest: AES-256-GCM under keys derived from SECRET_KEY, each value bound to the place it stands in.
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { Problem } from '../model/problem.ts'

export type Cipher = {
  /** `place` is authenticated with the value: a row copied to another place does not open. */
  seal(plain: Uint8Array, place: string): Uint8Array
  open(sealed: Uint8Array, place: string): Uint8Array
  /** The key id in front of every sealed value, hex; tells which secret wrote it. */
  keyId: string
}

const keyIdBytes = 4
const ivBytes = 12
const tagBytes = 16

/** What is sealed; each has a key of its own, so that none opens the other's values. */
export type CipherPurpose = 'at-rest' | 'webhooks' | 'media'

function derive(secret: string, purpose: CipherPurpose): { id: Buffer; key: Buffer } {
  const bytes = Buffer.from(secret, 'base64')
  if (bytes.length !== 32) throw new Problem('settings.invalid', { detail: 'SECRET_KEY must be 32 bytes in base64' })
  const key = Buffer.from(hkdfSync('sha256', bytes, '', `wastream/${purpose}/1`, 32))
  const id = createHash('sha256').update('wastream/key-id/1').update(key).digest().subarray(0, keyIdBytes)
  return { id, key }
}

/** `current` seals and opens, `previous` only opens. Both are 32 bytes in base64. */
export function createCipher(current: string, previous?: string, purpose: CipherPurpose = 'at-rest'): Cipher {
  const sealing = derive(current, purpose)
  const opening = [sealing, ...(previous === undefined ? [] : [derive(previous, purpose)])]
  return {
    keyId: sealing.id.toString('hex'),
    seal(plain, place) {
      const iv = randomBytes(ivBytes)
      const cipher = createCipheriv('aes-256-gcm', sealing.key, iv)
      cipher.setAAD(Buffer.from(place))
      const body = cipher.update(plain)
      cipher.final()
      return Buffer.concat([sealing.id, iv, body, cipher.getAuthTag()])
    },
    open(sealed, place) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
      const found = opening.find(({ id }) => id.equals(bytes.subarray(0, keyIdBytes)))
      if (!found) throw new Problem('secret.mismatch')
      const decipher = createDecipheriv('aes-256-gcm', found.key, bytes.subarray(keyIdBytes, keyIdBytes + ivBytes))
      decipher.setAAD(Buffer.from(place))
      decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes))
      const body = decipher.update(bytes.subarray(keyIdBytes + ivBytes, bytes.length - tagBytes))
      return Buffer.concat([body, decipher.final()])
    },
  }
}

/** sha256, hex: how keys and tickets are stored, and bodies compared. */
export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** `bytes` of randomness, base64url. */
export function createToken(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}
