// The first picture of a film, as a small JPEG, with its size: made by ffmpeg, shrunk here.
import { lookAtPicture, type Inspected } from './inspect-picture.ts'
import type { Ffmpeg } from './ffmpeg.ts'

/** A picture of this many pixels is 8K. */
const mostPixels = 40_000_000
/** As a JPEG of good quality. */
const largestPicture = 16 * 1_048_576

/** Throws when there is none. `source`: an MP4 with its index in front. */
export async function toFilmPicture(
  ffmpeg: Ffmpeg,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<Inspected> {
  const jpeg = await ffmpeg.run(
    {
      formats: 'mov',
      input: ['-max_pixels', String(mostPixels)],
      output: ['-map', '0:v:0', '-frames:v', '1', '-threads', '1', '-c:v', 'mjpeg', '-q:v', '3', '-f', 'image2pipe'],
      source,
      maxBytes: largestPicture,
    },
    signal,
  )
  return lookAtPicture(jpeg)
}
