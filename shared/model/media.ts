// Files that messages carry: what kinds there are, and what is known of one.
import * as v from 'valibot'

/** A voice note is a recording; `audio` is a file with sound. A GIF and a round video note are videos. */
export const mediaKinds = ['image', 'video', 'audio', 'voice', 'document', 'sticker'] as const
export type MediaKind = (typeof mediaKinds)[number]

/** What is known of a file by its bytes, or by what its sender says. */
export type MediaFacts = {
  mimetype?: string
  /** Bytes. */
  size?: number
  /** Of the plain bytes, hex. */
  sha256?: string
  fileName?: string
  seconds?: number
  /** Pixels. */
  width?: number
  height?: number
  /** Loudness over time, 0 to 100, of voice notes: 64 values as a rule. */
  waveform?: number[]
  isAnimated?: boolean
}

/**
 * The file of a message. `remote`: at WhatsApp, or still to be fetched; `stored`: here, as `fileId`;
 * `failed`: it could not be fetched, `error` says why.
 */
export type MessageMedia = MediaFacts & {
  kind: MediaKind
  isGif?: boolean
  isVideoNote?: boolean
  state: 'remote' | 'stored' | 'failed'
  fileId?: string
  error?: { code: string; reason: string }
  /** It is to be fetched, not before this time; absent: only on demand. Not shown. */
  fetchAt?: Date
  /** How often it was tried. Not shown. */
  attempts?: number
}

export function toMediaView({ fetchAt: _fetchAt, attempts: _attempts, ...shown }: MessageMedia) {
  return shown
}

/** What is fetched by itself when it arrives. `kinds: []` = nothing. */
export const DownloadMedia = v.strictObject({
  /** Default: everything but videos. */
  kinds: v.optional(v.array(v.picklist(mediaKinds))),
  /** Larger ones wait until they are asked for. Default 16 MB (16,777,216). */
  maxBytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
})
export type DownloadMedia = v.InferOutput<typeof DownloadMedia>

const defaultKinds: readonly MediaKind[] = ['image', 'audio', 'voice', 'document', 'sticker']
const defaultMaxBytes = 16 * 1024 * 1024

/** Whether a file that has just arrived is to be fetched by itself. One that does not say how large it is, is not. */
export function isFetchedByItself(media: MessageMedia, settings: DownloadMedia = {}): boolean {
  const { kinds = defaultKinds } = settings
  return kinds.includes(media.kind) && media.size !== undefined && media.size <= toFetchedAtMost(settings)
}

/** Bytes. What its sender says of a file may be wrong: fetching by itself ends here whatever was said. */
export function toFetchedAtMost({ maxBytes = defaultMaxBytes }: DownloadMedia = {}): number {
  return maxBytes
}

/** Uploads are of everybody who holds the key; what sessions receive and send is the session's. */
export type MediaOwner = { sessionId: string } | { actor: string }

/** The document in `media`; its bytes lie beside it, encrypted. */
export type MediaFile = MediaFacts & {
  _id: string
  sessionId?: string
  actor?: string
  size: number
  sha256: string
  /** By its bytes; what they do not tell is what the giver says, or `application/octet-stream`. */
  mimetype: string
  /** A small JPEG, encrypted. */
  thumbnail?: Uint8Array
  /** One was looked for, and cannot be made. */
  hasNoPicture?: true
  /** Where WhatsApp has it, encrypted: uploaded once, sent often. */
  uploads?: { sessionId: string; kind: MediaKind; at: Date; sealed: Uint8Array }[]
  createdAt: Date
  /** Its bytes are not all there yet. */
  writingSince?: Date
}

export const FileId = v.pipe(v.string(), v.regex(/^med_[A-Za-z0-9_-]{22}$/, 'must be a fileId'))

export function toMediaFileView(file: MediaFile) {
  return {
    fileId: file._id,
    sessionId: file.sessionId,
    mimetype: file.mimetype,
    size: file.size,
    sha256: file.sha256,
    fileName: file.fileName,
    width: file.width,
    height: file.height,
    seconds: file.seconds,
    createdAt: file.createdAt,
  }
}
