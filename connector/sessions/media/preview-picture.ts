// The picture that a page wants to be shared with, as a small JPEG: fetched like the page, believed by its bytes only.
import sharp from 'sharp'
import { toMimetype } from '../../../shared/store/mimetype.ts'
import type { Outside } from '../../outside/open-outside.ts'
import { follow } from './fetch-from-address.ts'
import { limitInputPixels } from './inspect-picture.ts'

/** What pages name for this has some hundred kilobytes; bytes. */
const maxBytes = 5 * 1_048_576
const wholeMs = 5_000
/** Decoding and shrinking it, s. */
const workSeconds = 5
/** As wide as the picture that Baileys makes for previews (rc14, Defaults/index.js thumbnailWidth). */
const edge = 192
/** The formats of browsers, and nothing that can load other files. */
const pictureTypes = new Set(['image/jpeg', 'image/png', 'image/webp', 'image/gif'])

/** `undefined`: none that can be had, for whatever reason. The preview goes without it. */
export async function previewPicture(
  outside: Pick<Outside, 'vet' | 'dispatcher'>,
  url: string,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  try {
    const ends = AbortSignal.any([signal, AbortSignal.timeout(wholeMs)])
    const { answer } = await follow({ outside, maxBytes }, url, ends)
    const bytes = await atMost(answer.body)
    if (!pictureTypes.has(await toMimetype(bytes, undefined))) return undefined
    return await sharp(bytes, { limitInputPixels, failOn: 'error' })
      .timeout({ seconds: workSeconds })
      .rotate()
      .resize(edge, edge, { fit: 'inside', withoutEnlargement: true })
      .flatten({ background: '#fff' })
      .jpeg({ quality: 60 })
      .toBuffer()
  } catch {
    // A picture that does not come, or is none, is no fault of the message.
    signal.throwIfAborted()
    return undefined
  }
}

async function atMost(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  // Leaving the loop ends the answer.
  for await (const piece of body) {
    length += piece.length
    if (length > maxBytes) throw new Error(`more than ${maxBytes} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}
