// The message around a file that WhatsApp has already: the same each time it is built.
import { proto } from '@whiskeysockets/baileys'
import type { OutMedia } from '../../shared/model/content.ts'
import type { MediaFacts } from '../../shared/model/media.ts'
import type { Upload } from './media.ts'

export type ReadyMedia = {
  content: OutMedia
  upload: Upload
  facts: MediaFacts
  fileId: string
  /** A JPEG of a few kilobytes. */
  thumbnail?: Uint8Array | undefined
}

const mostThumbnailBytes = 64 * 1024

/** `secret`: 32 bytes, for what WhatsApp lets people say of a message. */
export function toMediaMessage({ content, upload, facts, thumbnail }: ReadyMedia, secret: Uint8Array): proto.IMessage {
  const { caption = null } = content
  const jpegThumbnail = thumbnail && thumbnail.length <= mostThumbnailBytes ? thumbnail : null
  const file = { ...upload, mimetype: facts.mimetype ?? 'application/octet-stream' }
  const size = { width: facts.width ?? null, height: facts.height ?? null }
  const part = (): proto.IMessage => {
    switch (content.type) {
      case 'image':
        return { imageMessage: { ...file, ...size, caption, jpegThumbnail } }
      case 'video': {
        const video = { ...file, ...size, seconds: facts.seconds ?? null, jpegThumbnail }
        if (content.videoNote) return { ptvMessage: video }
        return { videoMessage: { ...video, caption, gifPlayback: content.gif ?? false } }
      }
      case 'audio':
        return { audioMessage: { ...file, seconds: facts.seconds ?? null, ptt: false } }
      case 'voice': {
        const waveform = facts.waveform ? Uint8Array.from(facts.waveform) : null
        return { audioMessage: { ...file, seconds: facts.seconds ?? null, ptt: true, waveform } }
      }
      case 'document': {
        const fileName = facts.fileName ?? 'file'
        const documentMessage = { ...file, fileName, title: fileName, caption, jpegThumbnail }
        return caption === null ? { documentMessage } : { documentWithCaptionMessage: { message: { documentMessage } } }
      }
      case 'sticker':
        return { stickerMessage: { ...file, ...size, isAnimated: facts.isAnimated ?? false } }
    }
  }
  const message = part()
  return {
    ...(content.viewOnce ? { viewOnceMessage: { message } } : message),
    messageContextInfo: { messageSecret: secret },
  }
}
