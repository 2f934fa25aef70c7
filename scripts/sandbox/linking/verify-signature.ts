// Signal's signatures (XEdDSA): made with an X25519 key, checked as Ed25519 after the key was moved to the other form
// of the curve. Baileys' own `Curve.verify` says yes to every signature of the right length, because it ignores what
// libsignal answers (observed 2026-11, Baileys 7.0.0-rc14), so the sandbox checks for itself.
import { createPublicKey, verify } from 'node:crypto'

const P = 2n ** 255n - 19n
const ED25519_DER_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
const KEY_BYTES = 32
const SIGNATURE_BYTES = 64
const TOP_BIT = 0x80

const power = (base: bigint, exponent: bigint): bigint => {
  let result = 1n
  let square = base % P
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P
    square = (square * square) % P
  }
  return result
}

const readLittleEndian = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)

/** y = (u - 1) / (u + 1), with the sign that the signature carries. */
const toEdwards = (publicKey: Uint8Array, sign: number): Buffer => {
  const u = readLittleEndian(publicKey) & (2n ** 255n - 1n)
  const y = (((u - 1n + P) % P) * power(u + 1n, P - 2n)) % P
  const bytes = Buffer.from(y.toString(16).padStart(KEY_BYTES * 2, '0'), 'hex').reverse()
  bytes[KEY_BYTES - 1]! |= sign
  return bytes
}

/** `publicKey` without its type byte. */
export const verifySignature = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean => {
  if (publicKey.length !== KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false
  const plain = Buffer.from(signature)
  const sign = plain[SIGNATURE_BYTES - 1]! & TOP_BIT
  plain[SIGNATURE_BYTES - 1]! &= ~TOP_BIT
  const key = createPublicKey({
    key: Buffer.concat([ED25519_DER_PREFIX, toEdwards(publicKey, sign)]),
    format: 'der',
    type: 'spki',
  })
  return verify(null, message, key, plain)
}
