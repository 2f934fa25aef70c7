// The file in a WhatsApp message: which kind it is, and what its sender says of it, within bounds.
import type { proto } from '@whiskeysockets/baileys'
import { toFileName } from '../../shared/model/file-name.ts'
import type { MediaKind, MessageMedia } from '../../shared/model/media.ts'

type Content = proto.IMessage
type Part = proto.Message.IImageMessage &
  proto.Message.IVideoMessage &
  proto.Message.IAudioMessage &
  proto.Message.IDocumentMessage &
  proto.Message.IStickerMessage

const longestCaption = 65_536
const longestWaveform = 256
/** Larger than anything that WhatsApp takes: what a sender says beyond is not believed. */
const largestFile = 2 ** 32
const longestSeconds = 86_400 * 7
const largestEdge = 100_000
const mimetypePattern = /^[a-z]+\/[a-z0-9][a-z0-9.+-]{0,100}(?:; ?codecs=[a-z0-9.,-]{1,40})?$/

/** Of a message without its wrappers. */
export function partOf(content: Content): { kind: MediaKind; part: Part } | undefined {
  const found = (kind: MediaKind, part: object) => ({ kind, part: part as Part })
  if (content.imageMessage) return found('image', content.imageMessage)
  const video = content.videoMessage ?? content.ptvMessage
  if (video) return found('video', video)
  if (content.audioMessage) return found(content.audioMessage.ptt ? 'voice' : 'audio', content.audioMessage)
  if (content.documentMessage) return found('document', content.documentMessage)
  if (content.stickerMessage) return found('sticker', content.stickerMessage)
  return undefined
}

/** Of a message without its wrappers. `context`: whom it names, what it answers. */
export function toMedia(content: Content) {
  const found = partOf(content)
  if (!found) return undefined
  const { kind, part } = found
  const fileName = toFileName(part.fileName)
  const mimetype = part.mimetype?.toLowerCase()
  const media: MessageMedia = {
    kind,
    ...(mimetype && mimetypePattern.test(mimetype) ? { mimetype } : {}),
    ...within('size', Number(part.fileLength ?? Number.NaN), largestFile),
    ...(part.fileSha256?.length === 32 ? { sha256: Buffer.from(part.fileSha256).toString('hex') } : {}),
    ...(fileName === undefined ? {} : { fileName }),
    ...within('seconds', part.seconds, longestSeconds),
    ...within('width', part.width, largestEdge),
    ...within('height', part.height, largestEdge),
    ...(part.waveform?.length ? { waveform: [...part.waveform.subarray(0, longestWaveform)].map(toLoudness) } : {}),
    ...(part.gifPlayback ? { isGif: true } : {}),
    ...(content.ptvMessage ? { isVideoNote: true } : {}),
    ...(part.isAnimated ? { isAnimated: true } : {}),
    state: 'remote',
  }
  const caption = part.caption?.slice(0, longestCaption)
  return { type: kind, ...(caption ? { text: caption } : {}), media, context: part.contextInfo }
}

const toLoudness = (value: number) => Math.min(100, value)

function within<K extends 'size' | 'seconds' | 'width' | 'height'>(
  name: K,
  value: number | null | undefined,
  most: number,
): { [Name in K]?: number } {
  const isGood = typeof value === 'number' && Number.isFinite(value) && value >= 0 && value <= most
  return (isGood && (value > 0 || name === 'size') ? { [name]: value } : {}) as { [Name in K]?: number }
}
