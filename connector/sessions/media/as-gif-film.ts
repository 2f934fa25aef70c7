// A GIF as the film that WhatsApp shows as one: turned once by ffmpeg, kept beside it for the session.
import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import sharp from 'sharp'
import type { OutMedia } from '../../../shared/model/content.ts'
import type { MediaFile } from '../../../shared/model/media.ts'
import { Problem } from '../../../shared/model/problem.ts'
import { toMessageFileId } from '../../../shared/store/media.ts'
import type { Ffmpeg } from './ffmpeg.ts'
import { limitInputPixels } from './inspect-picture.ts'
import type { ReadyContext } from './ready-media.ts'
import { toMp4 } from './write-mp4.ts'

/** Bytes. */
const largest = 32 * 1_048_576
const pictureSeconds = 5
/** What comes behind is left out. */
const mostPages = 600
/** The longer edge of what goes out, pixels. */
const longestEdge = 640
const framesPerSecond = 15
const longestSeconds = 60
/** One slice a frame, since there is one thread. */
const encoding =
  '-vf format=yuv420p -c:v libx264 -preset veryfast -profile:v baseline -crf 26 -g 30 -threads 1 -f h264'.split(' ')

/** Throws `media.unsupported`, `media.too_large`. */
export async function asGifFilm(context: ReadyContext, file: MediaFile, { type }: OutMedia): Promise<MediaFile> {
  const { record, ffmpeg, signal } = context
  const { media } = record.store
  if (type !== 'video' || file.mimetype !== 'image/gif') return file
  const fileId = toMessageFileId(`gif/${record.sessionId}/${file._id}`)
  const kept = await media.read(fileId)
  if (kept) return kept
  if (!ffmpeg)
    throw new Problem('media.unsupported', {
      detail: 'A GIF becomes a film by ffmpeg, which this connector does without; send an MP4 with gif: true',
    })
  if (file.size > largest)
    throw new Problem('media.too_large', { detail: `A GIF may have at most ${largest} bytes to become a film` })
  const film = await context.slowly(async () => {
    const bytes = await buffer(Readable.from(media.open(file._id)))
    return turn(ffmpeg, bytes, signal).catch(toProblem)
  })
  const owner = { sessionId: record.sessionId }
  return media.write(once(film), { owner, fileId, maxBytes: largest, mimetype: 'video/mp4' })

  function toProblem(error: unknown): never {
    signal.throwIfAborted()
    throw new Problem('media.unsupported', { detail: 'This GIF cannot be opened', cause: error })
  }
}

/** Throws when it is none. ffmpeg is given drawn frames only: it cannot read a GIF from a pipe (observed 2026-11, ffmpeg 5.1). */
async function turn(ffmpeg: Ffmpeg, gif: Buffer, signal: AbortSignal): Promise<Buffer> {
  const { width, height, pages = 1, delay = [] } = await sharp(gif, { limitInputPixels }).metadata()
  const shrunk = Math.min(1, longestEdge / Math.max(width, height))
  // The encoder takes even edges only.
  const toEdge = (edge: number) => Math.max(2, 2 * Math.round((edge * shrunk) / 2))
  const size = { width: toEdge(width), height: toEdge(height) }
  const drawn = `-f rawvideo -pixel_format rgb24 -framerate ${framesPerSecond} -video_size ${size.width}x${size.height}`
  const stream = await ffmpeg.run(
    {
      formats: 'rawvideo',
      input: drawn.split(' '),
      output: ['-map', '0:v:0', ...encoding],
      source: frames(gif, { ...size, pages, delay }),
      maxBytes: largest,
    },
    signal,
  )
  const film = toMp4(stream, { ...size, framesPerSecond })
  if (!film) throw new Error('no frame came of it')
  return film.bytes
}

type Drawing = { width: number; height: number; pages: number; delay: readonly number[] }

/** Each as often as it is to be seen; drawn one by one, so that no more than that is in memory. */
async function* frames(gif: Buffer, { width, height, pages, delay }: Drawing): AsyncGenerator<Uint8Array> {
  const mostFrames = longestSeconds * framesPerSecond
  let shown = 0
  let sinceMs = 0
  for (let page = 0; page < Math.min(pages, mostPages) && shown < mostFrames; page += 1) {
    const picture = sharp(gif, { limitInputPixels, page, failOn: 'error' }).timeout({ seconds: pictureSeconds })
    const drawn = await picture.resize(width, height, { fit: 'fill' }).flatten({ background: '#fff' }).raw().toBuffer()
    // Browsers take no time at all for a tenth of a second.
    sinceMs += delay[page] || 100
    const until = Math.max(shown + 1, Math.min(mostFrames, Math.round((sinceMs * framesPerSecond) / 1_000)))
    for (; shown < until; shown += 1) yield drawn
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
