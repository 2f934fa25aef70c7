// Media as WhatsApp encrypts it: AES-256-CBC under keys from the media key, a MAC of 10 bytes behind it.
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import { getMediaKeys, type MediaType } from '@whiskeysockets/baileys'

const MAC_BYTES = 10

export type SealedMedia = {
  bytes: Buffer
  mediaKey: Buffer
  fileSha256: Buffer
  fileEncSha256: Buffer
  fileLength: number
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest()

export const sealMedia = async (plain: Buffer, type: MediaType): Promise<SealedMedia> => {
  const mediaKey = randomBytes(32)
  const { cipherKey, iv, macKey } = await getMediaKeys(mediaKey, type)
  const cipher = createCipheriv('aes-256-cbc', cipherKey, iv)
  const body = Buffer.concat([cipher.update(plain), cipher.final()])
  const mac = createHmac('sha256', macKey!).update(iv).update(body).digest().subarray(0, MAC_BYTES)
  const bytes = Buffer.concat([body, mac])
  return { bytes, mediaKey, fileSha256: sha256(plain), fileEncSha256: sha256(bytes), fileLength: plain.length }
}

/** Hash and length of what is in it; throws when the MAC does not fit. */
export const inspectMedia = async (
  sealed: Readable,
  mediaKey: Uint8Array,
  type: MediaType,
): Promise<{ sha256: string; size: number }> => {
  const { cipherKey, iv, macKey } = await getMediaKeys(mediaKey, type)
  const decipher = createDecipheriv('aes-256-cbc', cipherKey, iv)
  const mac = createHmac('sha256', macKey!).update(iv)
  const hash = createHash('sha256')
  let size = 0
  let held = Buffer.alloc(0)
  const take = (plain: Buffer) => {
    size += plain.length
    hash.update(plain)
  }
  for await (const chunk of sealed) {
    const all = Buffer.concat([held, chunk as Buffer])
    const body = all.subarray(0, Math.max(0, all.length - MAC_BYTES))
    held = all.subarray(body.length)
    mac.update(body)
    take(decipher.update(body))
  }
  take(decipher.final())
  if (!mac.digest().subarray(0, MAC_BYTES).equals(held)) throw new Error('the MAC of a file does not fit')
  return { sha256: hash.digest('hex'), size }
}
