// A stored picture in the form of a profile's or a group's: square, small, without what the camera wrote into it.
import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import sharp from 'sharp'
import type { MediaFile } from '../../../shared/model/media.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { MediaStore } from '../../../shared/store/media.ts'
import { largestPicture } from './inspect-file.ts'
import { limitInputPixels } from './inspect-picture.ts'

/** Pixels, as the apps show it (rc14, Utils/messages-media.js generateProfilePicture). */
const edge = 640

/** Throws `media.unsupported` and `media.too_large`. */
export async function toProfilePicture(media: MediaStore, file: MediaFile): Promise<Buffer> {
  if (file.size > largestPicture) throw new Problem('media.too_large', { detail: 'This picture is too large' })
  try {
    return await sharp(await buffer(Readable.from(media.open(file._id))), { limitInputPixels, failOn: 'error' })
      .rotate()
      .resize(edge, edge, { fit: 'cover' })
      .flatten({ background: '#fff' })
      .jpeg({ quality: 80 })
      .toBuffer()
  } catch (error) {
    throw new Problem('media.unsupported', { detail: 'This file is no picture that can be shown', cause: error })
  }
}
