// A file of ours on its way out: fetched if need be, looked at, uploaded. Each step is kept, so that a second try begins
// where the first one ended, and a file that was sent once is not uploaded again.
import { deserialize, serialize } from 'node:v8'
import sharp from 'sharp'
import type { OutMedia } from '../../../shared/model/content.ts'
import { findMediaFault } from '../../../shared/model/media-fit.ts'
import type { MediaFile } from '../../../shared/model/media.ts'
import { Problem } from '../../../shared/model/problem.ts'
import { isUnavailable } from '../../../shared/store/client.ts'
import { toOwnFileId } from '../../../shared/store/media.ts'
import type { Outside } from '../../outside/open-outside.ts'
import type { Connection } from '../../whatsapp/connection.ts'
import type { ReadyMedia } from '../../whatsapp/media-message.ts'
import type { Upload } from '../../whatsapp/media.ts'
import type { RecordContext } from '../record/context.ts'
import { fetchFromAddress } from './fetch-from-address.ts'
import { asGifFilm } from './as-gif-film.ts'
import { asVoiceNote } from './as-voice-note.ts'
import type { Ffmpeg } from './ffmpeg.ts'
import { toFilmPicture } from './film-picture.ts'
import { inspectFile } from './inspect-file.ts'
import { readMp4 } from './mp4.ts'

export type ReadyContext = {
  record: RecordContext
  /** Takes one of the connector's places for what may take long. */
  slowly: <T>(work: (connection: Connection) => Promise<T>) => Promise<T>
  outside: Pick<Outside, 'vet' | 'dispatcher'>
  maxBytes: number
  /** Absent: there is none on this machine. */
  ffmpeg?: Ffmpeg | undefined
  signal: AbortSignal
}

/** As wide as the apps' own; shown until the picture is loaded. */
const previewEdge = 72

/** Throws `media.*`; anything else may pass. Of a message of ours. */
export async function readyMedia(context: ReadyContext, messageId: string, content: OutMedia): Promise<ReadyMedia> {
  const { store, sessionId } = context.record
  const given = await fileOf(context, messageId, content)
  const fault = findMediaFault(content.type, given, content.gif)
  if (fault) throw new Problem(fault.code, { detail: fault.detail })
  const file =
    content.type === 'voice'
      ? await asVoiceNote(context, given)
      : await lookedAt(context, await asGifFilm(context, given, content), content)
  const kept = store.media.uploadOf(file, sessionId, content.type, Date.now())
  const upload = kept ? (deserialize(kept) as Upload) : await uploadNow(context, file, content)
  const thumbnail = store.media.thumbnailOf(file)
  const { mimetype, seconds, width, height, waveform, isAnimated } = file
  const fileName = content.media.fileName ?? file.fileName
  return {
    content,
    upload,
    facts: {
      mimetype,
      size: file.size,
      sha256: file.sha256,
      ...(fileName === undefined ? {} : { fileName }),
      ...(seconds === undefined ? {} : { seconds }),
      ...(width === undefined ? {} : { width }),
      ...(height === undefined ? {} : { height }),
      ...(waveform === undefined ? {} : { waveform }),
      ...(isAnimated === undefined ? {} : { isAnimated }),
    },
    fileId: file._id,
    thumbnail: thumbnail && (await toPreview(thumbnail)),
  }
}

async function fileOf(context: ReadyContext, messageId: string, { media }: OutMedia): Promise<MediaFile> {
  const { store } = context.record
  if ('fileId' in media) {
    const file = await store.media.read(media.fileId)
    if (!file) throw new Problem('media.not_found')
    return file
  }
  const fileId = toOwnFileId(context.record.sessionId, messageId)
  return (await store.media.read(fileId)) ?? context.slowly(() => fetchFromAddress({ ...context, fileId }, media))
}

/** A picture that nobody can open must not go out as one. */
async function lookedAt(context: ReadyContext, file: MediaFile, { type }: OutMedia): Promise<MediaFile> {
  const { media } = context.record.store
  const isPicture = type === 'image' || type === 'sticker'
  if (file.width === undefined && file.seconds === undefined && !file.thumbnail) {
    const found = await context.slowly(() => inspectFile(media, file))
    if (isPicture && found.facts.width === undefined)
      throw new Problem('media.unsupported', { detail: 'This picture cannot be opened' })
  } else if (type !== 'video') return file
  const known = (await media.read(file._id)) ?? file
  return type === 'video' ? withPicture(context, known) : known
}

/** A film goes also without one. What ffmpeg has failed at once is not given to it again. */
async function withPicture({ record, ffmpeg, signal }: ReadyContext, file: MediaFile): Promise<MediaFile> {
  const { media } = record.store
  if (!ffmpeg || file.thumbnail || file.hasNoPicture) return file
  try {
    const film = await readMp4((range) => media.open(file._id, range), file.size)
    const { facts, thumbnail } = await toFilmPicture(ffmpeg, film?.inOrder() ?? media.open(file._id), signal)
    await media.describe(file._id, { ...facts, ...film?.facts, ...(thumbnail ? { thumbnail } : {}) })
  } catch (error) {
    signal.throwIfAborted()
    if (isUnavailable(error)) throw error
    await media.describe(file._id, { hasNoPicture: true })
  }
  return (await media.read(file._id)) ?? file
}

async function uploadNow({ record, slowly }: ReadyContext, file: MediaFile, { type }: OutMedia): Promise<Upload> {
  const { store, sessionId } = record
  const upload = await slowly((connection) => connection.media.upload(store.media.open(file._id), type))
  await store.media.keepUpload(file._id, sessionId, type, serialize(upload))
  return upload
}

async function toPreview(thumbnail: Uint8Array): Promise<Uint8Array | undefined> {
  const small = sharp(thumbnail).resize(previewEdge, previewEdge, { fit: 'inside' }).jpeg({ quality: 50 })
  // The message goes without it.
  return small.toBuffer().catch(() => undefined)
}
