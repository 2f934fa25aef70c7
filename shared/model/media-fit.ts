// Which files WhatsApp takes as what, so that a wrong one is refused before it is sent.
import type { MediaKind } from './media.ts'

const megabyte = 1024 * 1024

/** Meta's Cloud API names these types and sizes ("Media", supported media types, read 2026-11); the apps take more at times. */
const fits: Record<MediaKind, { types: RegExp; named: string; maxBytes?: number }> = {
  image: { types: /^image\/(?:jpeg|png)$/, named: 'a JPEG or PNG picture', maxBytes: 16 * megabyte },
  video: { types: /^video\/(?:mp4|3gpp|quicktime)$/, named: 'an MP4, 3GP or QuickTime film' },
  audio: { types: /^audio\//, named: 'a sound file' },
  // What browsers record is sound in a film's container, and its bytes do not say that there is no picture.
  voice: { types: /^(?:audio\/|video\/(?:webm|mp4|quicktime)$)/, named: 'a sound file' },
  document: { types: /^/, named: 'any file' },
  // 500 kB is the limit for animated stickers there, 100 kB for others: too little for many that the apps send.
  sticker: { types: /^image\/webp$/, named: 'a WebP picture', maxBytes: megabyte },
}

/** What is wrong with sending this file as that, as a sentence's end; `undefined` when nothing is. `gif`: a film that runs by itself. */
export function findMediaFault(
  kind: MediaKind,
  file: { mimetype: string; size: number },
  gif = false,
): { code: 'media.unsupported' | 'media.too_large'; detail: string } | undefined {
  const { types, named, maxBytes } = fits[kind]
  // The connector makes a film of it, if it can.
  const isGif = gif && kind === 'video' && file.mimetype === 'image/gif'
  if (!isGif && !types.test(file.mimetype))
    return { code: 'media.unsupported', detail: `type ${kind} must be ${named}, and this is ${file.mimetype}` }
  if (maxBytes !== undefined && file.size > maxBytes)
    return { code: 'media.too_large', detail: `type ${kind} may have at most ${maxBytes} bytes` }
  return undefined
}
