// What a picture is: its size in pixels, whether it moves, a small picture of it.
import sharp from 'sharp'
import type { MediaFacts } from '../../../shared/model/media.ts'

export type Inspected = { facts: MediaFacts; thumbnail?: Uint8Array }

/** A picture of a few kilobytes can hold billions of pixels. 100 megapixels is more than any phone's camera gives. */
export const limitInputPixels = 100_000_000
const pictureSeconds = 10
const thumbnailEdge = 320

/** Throws when it is no picture, or one that is too large to look at. */
export async function lookAtPicture(bytes: Buffer): Promise<Inspected> {
  const picture = sharp(bytes, { limitInputPixels, failOn: 'error' })
  const { width, height, pages = 1, orientation = 1 } = await picture.metadata()
  const isTurned = orientation >= 5
  const thumbnail = await picture
    .timeout({ seconds: pictureSeconds })
    .rotate()
    .resize(thumbnailEdge, thumbnailEdge, { fit: 'inside', withoutEnlargement: true })
    .flatten({ background: '#fff' })
    .jpeg({ quality: 60 })
    .toBuffer()
  return {
    facts: {
      ...(isTurned ? { width: height, height: width } : { width, height }),
      ...(pages > 1 ? { isAnimated: true } : {}),
    },
    thumbnail,
  }
}
