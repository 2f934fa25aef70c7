// What a stored file is: its size in pixels, its length, a small picture of it. What cannot be found out is left out.
import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { parseStream } from 'music-metadata'
import type { MediaFacts, MediaFile } from '../../../shared/model/media.ts'
import type { MediaStore } from '../../../shared/store/media.ts'
import { lookAtPicture, type Inspected } from './inspect-picture.ts'
import { readMp4 } from './mp4.ts'

/** Pictures up to here are looked into, bytes: each is in memory as a whole while it is. */
export const largestPicture = 32 * 1024 * 1024
/** The formats of phones and browsers, and nothing that can load other files. */
const pictureTypes = new Set(['image/jpeg', 'image/png', 'image/webp', 'image/gif'])
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
  const film = file.mimetype.startsWith('video/') ? await lookAtFilm(media, file) : {}
  if (film.seconds === undefined && /^(?:audio|video)\//.test(file.mimetype) && file.size <= largestSound)
    return { facts: { ...film, ...(await lookAtSound(media, file)) } }
  return { facts: film }
}

async function lookAtFilm(media: MediaStore, file: MediaFile): Promise<MediaFacts> {
  return (await readMp4((range) => media.open(file._id, range), file.size))?.facts ?? {}
}

async function lookAtSound(media: MediaStore, file: MediaFile): Promise<MediaFacts> {
  const source = Readable.from(media.open(file._id), { objectMode: false })
  try {
    const { format } = await parseStream(source, { mimeType: file.mimetype, size: file.size }, { duration: true })
    return format.duration === undefined || !Number.isFinite(format.duration)
      ? {}
      : { seconds: Math.max(1, Math.round(format.duration)) }
  } catch {
    return {}
  } finally {
    source.destroy()
  }
}
