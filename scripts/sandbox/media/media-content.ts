// Media in a message's protobuf: what a phone sends, and what it says of what it received.
import { proto } from '@whiskeysockets/baileys'
import type { MediaDetails, MediaKind } from '../records.ts'
import { unixSeconds } from '../server/nodes.ts'
import type { SealedMedia } from './seal-media.ts'

export type MediaWish = {
  kind: 'media'
  media: MediaKind
  sealed: Omit<SealedMedia, 'bytes'>
  directPath: string
  url: string
  caption?: string | undefined
  mimetype?: string | undefined
  fileName?: string | undefined
  seconds?: number | undefined
  waveform?: number[] | undefined
  width?: number | undefined
  height?: number | undefined
  gif?: boolean | undefined
  videoNote?: boolean | undefined
  viewOnce?: boolean | undefined
  animated?: boolean | undefined
}

const MIMETYPES: Record<MediaKind, string> = {
  image: 'image/jpeg',
  video: 'video/mp4',
  audio: 'audio/mpeg',
  voice: 'audio/ogg; codecs=opus',
  document: 'application/pdf',
  sticker: 'image/webp',
}

/** What the keys of such a file are derived for, which is also how Baileys calls it. */
export const sealTypeOf = (kind: MediaKind) => (kind === 'voice' ? 'audio' : kind)

export const buildMedia = (wish: MediaWish): proto.IMessage => {
  const { sealed, directPath, url, caption, seconds } = wish
  const file = {
    url,
    directPath,
    mediaKey: sealed.mediaKey,
    fileSha256: sealed.fileSha256,
    fileEncSha256: sealed.fileEncSha256,
    fileLength: sealed.fileLength,
    mediaKeyTimestamp: unixSeconds(),
    mimetype: wish.mimetype ?? MIMETYPES[wish.media],
  }
  const size = { width: wish.width ?? null, height: wish.height ?? null }
  const whole = (): proto.IMessage => {
    switch (wish.media) {
      case 'image':
        return { imageMessage: { ...file, ...size, caption: caption ?? null } }
      case 'video': {
        const video = {
          ...file,
          ...size,
          caption: caption ?? null,
          seconds: seconds ?? 1,
          gifPlayback: wish.gif ?? false,
        }
        return wish.videoNote ? { ptvMessage: video } : { videoMessage: video }
      }
      case 'audio':
        return { audioMessage: { ...file, seconds: seconds ?? 1 } }
      case 'voice':
        return {
          audioMessage: { ...file, seconds: seconds ?? 1, ptt: true, waveform: Buffer.from(wish.waveform ?? []) },
        }
      case 'document': {
        const documentMessage = { ...file, fileName: wish.fileName ?? 'file', title: wish.fileName ?? 'file' }
        if (caption === undefined) return { documentMessage }
        return { documentWithCaptionMessage: { message: { documentMessage: { ...documentMessage, caption } } } }
      }
      case 'sticker':
        return { stickerMessage: { ...file, ...size, isAnimated: wish.animated ?? false } }
    }
  }
  return wish.viewOnce ? { viewOnceMessage: { message: whole() } } : whole()
}

type Part = {
  mimetype?: string | null
  caption?: string | null
  fileName?: string | null
  seconds?: number | null
  waveform?: Uint8Array | null
  gifPlayback?: boolean | null
  isAnimated?: boolean | null
  width?: number | null
  height?: number | null
  jpegThumbnail?: Uint8Array | null
  mediaKey?: Uint8Array | null
  directPath?: string | null
  fileSha256?: Uint8Array | null
}

/** Of a message without its wrappers. */
export const mediaOf = (message: proto.IMessage): { media: MediaKind; part: Part } | undefined => {
  const { imageMessage, videoMessage, ptvMessage, audioMessage, documentMessage, stickerMessage } = message
  if (imageMessage) return { media: 'image', part: imageMessage }
  const video = videoMessage ?? ptvMessage
  if (video) return { media: 'video', part: video }
  if (audioMessage) return { media: audioMessage.ptt ? 'voice' : 'audio', part: audioMessage }
  if (documentMessage) return { media: 'document', part: documentMessage }
  if (stickerMessage) return { media: 'sticker', part: stickerMessage }
  return undefined
}

export const describeMedia = (
  message: proto.IMessage,
  wrapped: proto.IMessage,
): { kind: MediaKind; text: string; details: { media: MediaDetails } } | undefined => {
  const found = mediaOf(message)
  if (!found) return undefined
  const { media, part } = found
  const isViewOnce = wrapped.viewOnceMessage ?? wrapped.viewOnceMessageV2 ?? wrapped.viewOnceMessageV2Extension
  const details: MediaDetails = {
    mimetype: part.mimetype ?? undefined,
    fileName: part.fileName ?? undefined,
    seconds: part.seconds ?? undefined,
    waveform: part.waveform ? [...part.waveform] : undefined,
    width: part.width ?? undefined,
    height: part.height ?? undefined,
    thumbnailBytes: part.jpegThumbnail?.length ?? 0,
    gif: part.gifPlayback ?? false,
    videoNote: message.ptvMessage !== null && message.ptvMessage !== undefined,
    animated: part.isAnimated ?? false,
    viewOnce: isViewOnce !== null && isViewOnce !== undefined,
    directPath: part.directPath ?? '',
    mediaKey: Buffer.from(part.mediaKey ?? []),
    statedSha256: Buffer.from(part.fileSha256 ?? []).toString('hex'),
  }
  return { kind: media, text: part.caption ?? '', details: { media: details } }
}
