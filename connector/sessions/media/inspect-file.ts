// What a stored file is: its size in pixels, its length, a small picture of it. What cannot be found out is left out.
import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import type { MediaFacts, MediaFile } from '../../../shared/model/media.ts'
import type { MediaStore } from '../../../shared/store/media.ts'
import { lookAtPicture, type Inspected } from './inspect-picture.ts'
import { readMp4 } from './mp4.ts'
import { soundSeconds } from './sound-seconds.ts'

/** Pictures up to here are looked into, bytes: each is in memory as a whole while it is. */
export const largestPicture = 32 * 1024 * 1024
/** The formats of phones and browsers, and nothing that can load other files. */
const pictureTypes = new Set(['image/jpeg', 'image/png', 'image/webp', 'image/gif'])
/** As file-type calls them (ISO/IEC 14496-12 and QuickTime). */
const mp4Types = new Set([
  'audio/mp4',
  'audio/x-m4a',
  'video/mp4',
  'video/x-m4v',
  'video/quicktime',
  'video/3gpp',
  'video/3gpp2',
])
/** Longer ones are not read through for their length, bytes. */
const largestSound = 64 * 1024 * 1024

/** Facts and thumbnail are kept with the file as well. */
export async function inspectFile(media: MediaStore, file: MediaFile): Promise<Inspected> {
  const found = await look(media, file)
  if (Object.keys(found.facts).length > 0 || found.thumbnail)
    await media.describe(file._id, { ...found.facts, ...(found.thumbnail ? { thumbnail: found.thumbnail } : {}) })
  return found
}

async function look(media: MediaStore, file: MediaFile): Promise<Inspected> {
  if (pictureTypes.has(file.mimetype)) {
    if (file.size > largestPicture) return { facts: {} }
    // A file that is no picture after all is still a file.
    return lookAtPicture(await buffer(Readable.from(media.open(file._id)))).catch(() => ({ facts: {} }))
  }
  if (mp4Types.has(file.mimetype)) return { facts: await lookAtMp4(media, file) }
  if (!/^(?:audio|video)\//.test(file.mimetype) || file.size > largestSound) return { facts: {} }
  const seconds = await soundSeconds(media.open(file._id), file)
  return { facts: seconds === undefined ? {} : { seconds: Math.max(1, Math.round(seconds)) } }
}

/** Sounds lie in it too. What its index does not say is not looked for. */
async function lookAtMp4(media: MediaStore, file: MediaFile): Promise<MediaFacts> {
  const { seconds, ...edges } = (await readMp4((range) => media.open(file._id, range), file.size))?.facts ?? {}
  return { ...(seconds === undefined ? {} : { seconds }), ...(file.mimetype.startsWith('video/') ? edges : {}) }
}
