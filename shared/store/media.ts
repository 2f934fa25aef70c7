// Files: one row for what is known of a file, its bytes beside it. The row is whole only once all bytes are there.
import { createHash, randomBytes } from 'node:crypto'
import type { Collection, Db, IndexDescription } from 'mongodb'
import type { MediaFacts, MediaFile, MediaKind, MediaOwner } from '../model/media.ts'
import { Problem } from '../model/problem.ts'
import type { Cipher } from './cipher.ts'
import type { ByteRange, MediaBytes } from './media-bytes.ts'
import { headBytes, toMimetype } from './mimetype.ts'

export const mediaIndexes: IndexDescription[] = [
  { key: { sessionId: 1 }, name: 'session', partialFilterExpression: { sessionId: { $exists: true } } }, // removeSome()
  { key: { writingSince: 1 }, name: 'writing', partialFilterExpression: { writingSince: { $exists: true } } }, // removeAbandoned()
]

/** How long an upload at WhatsApp is used again, ms. WhatsApp keeps media for weeks; ours to choose. */
export const uploadMemoryMs = 3 * 86_400_000

export type WriteOptions = {
  owner: MediaOwner
  /** A row and bytes under it are replaced. Default: a new one. */
  fileId?: string
  /** Throws `media.too_large` beyond it. */
  maxBytes: number
  /** What the giver says; believed only where the bytes do not tell. */
  mimetype?: string | undefined
  fileName?: string | undefined
  /** Hex; throws `media.corrupt` when it is another. */
  sha256?: string | undefined
}

export type MediaStore = ReturnType<typeof createMediaStore>

/** The file of one message, always under the same id: what is fetched twice is stored once. */
export function toMessageFileId(messageKey: string): string {
  return `med_${createHash('sha256').update(`message/${messageKey}`).digest('base64url').slice(0, 22)}`
}

/** The same of a message of ours, whose chat may get another name while it waits. */
export function toOwnFileId(sessionId: string, messageId: string): string {
  return toMessageFileId(`${sessionId}/me/${messageId}`)
}

export function createMediaStore(db: Db, bytes: MediaBytes, cipher: Cipher) {
  const media: Collection<MediaFile> = db.collection('media')
  const thumbnailPlace = (fileId: string) => `media/${fileId}/thumbnail`
  const uploadPlace = (fileId: string, sessionId: string, kind: MediaKind) =>
    `media/${fileId}/upload/${sessionId}/${kind}`
  const toBytes = (value: Uint8Array) =>
    value instanceof Uint8Array ? value : (value as { buffer: Uint8Array }).buffer

  async function remove(fileId: string): Promise<boolean> {
    // The row first: a file that is half gone must not be found.
    const { deletedCount } = await media.deleteOne({ _id: fileId })
    await bytes.remove(fileId)
    return deletedCount > 0
  }

  async function removeAll(fileIds: readonly string[]): Promise<void> {
    for (const fileId of fileIds) await remove(fileId)
  }

  return {
    /** Stores a stream. Throws `media.empty`, `media.too_large`, `media.corrupt`; then nothing is left of it. */
    async write(source: AsyncIterable<Uint8Array>, options: WriteOptions): Promise<MediaFile> {
      const fileId = options.fileId ?? `med_${randomBytes(17).toString('base64url').slice(0, 22)}`
      const hash = createHash('sha256')
      const head: Uint8Array[] = []
      let headLength = 0
      let size = 0
      async function* counted(): AsyncGenerator<Uint8Array> {
        for await (const chunk of source) {
          size += chunk.byteLength
          if (size > options.maxBytes)
            throw new Problem('media.too_large', { detail: `A file may have at most ${options.maxBytes} bytes` })
          hash.update(chunk)
          if (headLength < headBytes) head.push(chunk.slice(0, headBytes - headLength))
          headLength += chunk.byteLength
          yield chunk
        }
        if (size === 0) throw new Problem('media.empty')
        if (options.sha256 !== undefined && hash.copy().digest('hex') !== options.sha256)
          throw new Problem('media.corrupt')
      }
      if (options.fileId !== undefined) await remove(fileId)
      const draft = { ...options.owner, createdAt: new Date(), writingSince: new Date() }
      await media.insertOne({ _id: fileId, ...draft, size: 0, sha256: '', mimetype: '' })
      try {
        await bytes.put(fileId, counted())
        const sha256 = hash.digest('hex')
        const mimetype = await toMimetype(Buffer.concat(head), options.mimetype)
        const named = options.fileName === undefined ? {} : { fileName: options.fileName }
        const row = await media.findOneAndUpdate(
          { _id: fileId },
          { $set: { size, sha256, mimetype, ...named }, $unset: { writingSince: '' } },
          { returnDocument: 'after' },
        )
        if (!row) throw new Problem('media.not_found')
        return row
      } catch (error) {
        // What cannot be removed now is found by `removeAbandoned`.
        await remove(fileId).catch(() => undefined)
        throw error
      }
    },

    async read(fileId: string): Promise<MediaFile | null> {
      return media.findOne({ _id: fileId, writingSince: { $exists: false } })
    },

    open: (fileId: string, range?: ByteRange): AsyncIterable<Uint8Array> => bytes.open(fileId, range),

    /** What was found out of a file after it was stored. */
    async describe(fileId: string, facts: MediaFacts & Pick<MediaFile, 'thumbnail' | 'hasNoPicture'>): Promise<void> {
      const { thumbnail, ...known } = facts
      const sealed = thumbnail ? { thumbnail: cipher.seal(thumbnail, thumbnailPlace(fileId)) } : {}
      await media.updateOne({ _id: fileId }, { $set: { ...known, ...sealed } })
    },

    thumbnailOf: (file: MediaFile): Uint8Array | undefined =>
      file.thumbnail && cipher.open(toBytes(file.thumbnail), thumbnailPlace(file._id)),

    /** Replaces what was kept for that session and kind. */
    async keepUpload(fileId: string, sessionId: string, kind: MediaKind, upload: Uint8Array): Promise<void> {
      const sealed = cipher.seal(upload, uploadPlace(fileId, sessionId, kind))
      await media.updateOne({ _id: fileId }, { $pull: { uploads: { sessionId, kind } } })
      await media.updateOne({ _id: fileId }, { $push: { uploads: { sessionId, kind, at: new Date(), sealed } } })
    },

    /** `undefined` when there is none, or it is too old to be relied upon. */
    uploadOf(file: MediaFile, sessionId: string, kind: MediaKind, nowMs: number): Uint8Array | undefined {
      const found = file.uploads?.find((one) => one.sessionId === sessionId && one.kind === kind)
      if (!found || nowMs - found.at.getTime() > uploadMemoryMs) return undefined
      return cipher.open(toBytes(found.sealed), uploadPlace(file._id, sessionId, kind))
    },

    /** `false`: there was none. */
    remove,

    /** Removes up to `limit` files of a session; returns how many went. */
    async removeSome(sessionId: string, limit: number): Promise<number> {
      const rows = await media
        .find({ sessionId }, { projection: { _id: 1 } })
        .limit(limit)
        .toArray()
      await removeAll(rows.map((row) => row._id))
      return rows.length
    },

    /** Removes up to `limit` files that nobody has finished writing since. */
    async removeAbandoned(since: Date, limit: number): Promise<number> {
      const rows = await media
        .find({ writingSince: { $lt: since } }, { projection: { _id: 1 } })
        .limit(limit)
        .toArray()
      await removeAll(rows.map((row) => row._id))
      return rows.length
    },
  }
}
