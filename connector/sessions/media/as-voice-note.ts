// A stored sound as the voice note that it is sent as: turned once, kept beside it for the session.
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { MediaFile } from '../../../shared/model/media.ts'
import { Problem } from '../../../shared/model/problem.ts'
import { toMessageFileId } from '../../../shared/store/media.ts'
import type { ReadyContext } from './ready-media.ts'
import { decodeAnySound } from './any-sound.ts'
import { longestSeconds, toVoiceNote, type VoiceNote } from './voice-note.ts'

/** All of it is in memory while it is turned, bytes. */
const largest = 32 * 1_048_576
const noteType = 'audio/ogg; codecs=opus'

/** Throws `media.unsupported`, `media.too_large`. */
export async function asVoiceNote(context: ReadyContext, file: MediaFile): Promise<MediaFile> {
  if (file.waveform) return file
  const { store, sessionId } = context.record
  const fileId = toMessageFileId(`voice/${sessionId}/${file._id}`)
  const kept = await store.media.read(fileId)
  if (kept?.waveform) return kept
  if (file.size > largest)
    throw new Problem('media.too_large', { detail: `type voice may have at most ${largest} bytes` })
  const note = await context.slowly(() => turn(context, file))
  if (!note)
    throw new Problem('media.unsupported', { detail: `type voice must be ${readable(context)}, at most 15 minutes` })
  const { bytes, seconds, waveform } = note
  const isAsItWas = bytes.length === file.size && file.mimetype.startsWith('audio/ogg')
  const target = isAsItWas ? file : await keep(context, fileId, bytes)
  await store.media.describe(target._id, { seconds, waveform })
  return { ...target, seconds, waveform, mimetype: noteType }
}

const readable = ({ ffmpeg }: ReadyContext) =>
  ffmpeg ? 'a sound that can be decoded' : 'Opus in Ogg, WAV or MP3 (others need ffmpeg beside the connector)'

async function turn({ record, ffmpeg, signal }: ReadyContext, file: MediaFile): Promise<VoiceNote | undefined> {
  const bytes = await buffer(Readable.from(record.store.media.open(file._id)))
  const decodeOther = ffmpeg && ((sound: Buffer) => decodeAnySound(ffmpeg, sound, { longestSeconds, signal }))
  return toVoiceNote(bytes, file.mimetype, decodeOther)
}

function keep({ record }: ReadyContext, fileId: string, bytes: Buffer): Promise<MediaFile> {
  const source = (async function* () {
    yield bytes
  })()
  const owner = { sessionId: record.sessionId }
  return record.store.media.write(source, { owner, fileId, maxBytes: largest, mimetype: noteType })
}
