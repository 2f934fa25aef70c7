// What is written to a group is signed once and checked by every phone in it, and here they all live in one process: a
// signature that held is known to hold for the next phone. A check is 13 ms in libsignal 6.0.0, so of 50 phones 650.
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { LRUCache } from 'lru-cache'

type Curve = { verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean }

const ofBaileys = createRequire(createRequire(import.meta.url).resolve('@whiskeysockets/baileys'))
/** Looked up at each call by libsignal (src/curve.js), so that replacing it reaches every caller. */
const curve = createRequire(ofBaileys.resolve('libsignal'))('curve25519-js') as Curve

const held = new LRUCache<string, true>({ max: 1_000 })
let isOn = false

/** Once per process; later calls change nothing. */
export const checkOnce = (): void => {
  if (isOn) return
  isOn = true
  const verify = curve.verify.bind(curve)
  curve.verify = (publicKey, message, signature) => {
    const hash = createHash('sha256').update(publicKey).update(signature).update(message).digest('base64')
    if (held.has(hash)) return true
    if (!verify(publicKey, message, signature)) return false
    held.set(hash, true)
    return true
  }
}
