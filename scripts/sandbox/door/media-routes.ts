// Files at the door: what a phone sends as media, what is in the media it received, and trouble with the media server.
import { createHash } from 'node:crypto'
import type { Hono } from 'hono'
import { type MediaWish, sealTypeOf } from '../media/media-content.ts'
import { inspectMedia, sealMedia } from '../media/seal-media.ts'
import type { MediaKind, ReceivedMessage } from '../records.ts'
import type { Exchange } from '../server/exchange.ts'
import type { DoorDeps } from './deps.ts'
import { readBody } from './read-input.ts'
import { ForgetMedia, HoldFiles, type NewMedia } from './schemas.ts'

/** Bytes without a meaning, the same for the same length. */
const fill = (size: number): Buffer => {
  const block = createHash('sha512').update(String(size)).digest()
  return Buffer.alloc(size, block)
}

/** Encrypted and uploaded; what remains is to say so in a message. */
export const toMediaWish = async (exchange: Exchange, given: NewMedia): Promise<MediaWish> => {
  const { kind, base64, size, wrongHash, statedSize, url, directPath, ...words } = given
  const plain = base64 === undefined ? fill(size ?? 0) : Buffer.from(base64, 'base64')
  const { bytes, ...truth } = await sealMedia(plain, sealTypeOf(kind))
  const sealed = { ...truth, fileLength: statedSize ?? truth.fileLength }
  const lies = await exchange.media.put(bytes)
  return {
    kind: 'media',
    media: kind,
    sealed: wrongHash ? { ...sealed, fileSha256: createHash('sha256').update('another').digest() } : sealed,
    directPath: directPath ?? lies.directPath,
    url: url ?? lies.url,
    ...words,
  }
}

type Row = Omit<ReceivedMessage, 'content'>

/** The row with the hash and the length of what can be decrypted; without what opens it. */
export const showMedia = async (exchange: Exchange, row: Row): Promise<object> => {
  const media = row.details?.media
  if (!media) return row
  const { mediaKey, directPath, ...shown } = media
  const sealed = await exchange.media.open(directPath)
  const inside = sealed
    ? await inspectMedia(sealed, mediaKey, sealTypeOf(row.kind as MediaKind)).catch((error: unknown) => ({
        broken: String(error),
      }))
    : { broken: 'the server has no such file' }
  return { ...row, details: { media: { ...shown, ...inside } } }
}

export const addMediaRoutes = (app: Hono, { exchange }: DoorDeps): void => {
  app.get('/media', (c) => c.json(exchange.media.counters))
  app.post('/media/forget', async (c) => {
    const { gone } = await readBody(c, ForgetMedia)
    return c.json({ forgotten: exchange.media.forget(gone) })
  })
  app.post('/media/uploads', async (c) => {
    exchange.media.uploads.hold((await readBody(c, HoldFiles)).hold)
    return c.body(null, 204)
  })
  app.post('/media/downloads', async (c) => {
    exchange.media.downloads.hold((await readBody(c, HoldFiles)).hold)
    return c.body(null, 204)
  })
}
