// Bytes in MongoDB's GridFS, encrypted: every chunk is sealed by itself and bound to its file and place, so that a range
// opens without the rest, and no chunk passes for another.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GridFSBucket, type Db, type IndexDescription } from 'mongodb'
import type { Cipher } from './cipher.ts'
import type { ByteRange, MediaBytes } from './media-bytes.ts'

const bucketName = 'media'
/** The driver's own, so that it finds them and makes none. */
export const gridFsIndexes: Record<string, IndexDescription[]> = {
  [`${bucketName}.files`]: [{ key: { filename: 1, uploadDate: 1 }, name: 'filename_1_uploadDate_1' }],
  [`${bucketName}.chunks`]: [{ key: { files_id: 1, n: 1 }, name: 'files_id_1_n_1', unique: true }],
}

/** What sealing adds to a chunk: key id, nonce, tag (cipher.ts). */
const sealBytes = 4 + 12 + 16
/** GridFS's own default, sealing included, so that a sealed chunk is exactly one of its chunks. */
const sealedChunk = 255 * 1024
const plainChunk = sealedChunk - sealBytes

export function createGridFsBytes(db: Db, cipher: Cipher): MediaBytes {
  const bucket = new GridFSBucket(db, { bucketName, chunkSizeBytes: sealedChunk })
  const files = db.collection<{ _id: string; length: number }>(`${bucketName}.files`)
  const chunks = db.collection<{ files_id: string }>(`${bucketName}.chunks`)
  const placeOf = (id: string, n: number) => `media/${id}/${n}`

  async function* sealed(id: string, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let n = 0
    for await (const chunk of inChunks(source, plainChunk)) yield cipher.seal(chunk, placeOf(id, n++))
  }

  const sizeOf = (sealedSize: number) => sealedSize - Math.ceil(sealedSize / sealedChunk) * sealBytes

  async function stat(id: string): Promise<{ size: number } | undefined> {
    const file = await files.findOne({ _id: id }, { projection: { length: 1 } })
    return file ? { size: sizeOf(file.length) } : undefined
  }

  async function remove(id: string): Promise<void> {
    await files.deleteOne({ _id: id })
    await chunks.deleteMany({ files_id: id })
  }

  return {
    stat,
    remove,
    async put(id, source) {
      // GridFS takes ids of any type; its own types speak of ObjectIds.
      const sink = bucket.openUploadStreamWithId(id as never, id)
      try {
        await pipeline(Readable.from(sealed(id, source), { objectMode: false }), sink)
      } catch (error) {
        await remove(id).catch(() => undefined)
        throw error
      }
    },
    async *open(id, range) {
      const size = (await stat(id))?.size ?? 0
      const { start, end }: ByteRange = range ?? { start: 0, end: size }
      if (start >= end) return
      const first = Math.floor(start / plainChunk)
      const last = Math.floor((end - 1) / plainChunk)
      const source = bucket.openDownloadStream(id as never, {
        start: first * sealedChunk,
        end: Math.min((last + 1) * sealedChunk, size + Math.ceil(size / plainChunk) * sealBytes),
      })
      let n = first
      for await (const chunk of inChunks(source as AsyncIterable<Uint8Array>, sealedChunk)) {
        const plain = cipher.open(chunk, placeOf(id, n))
        const from = n * plainChunk
        yield plain.subarray(Math.max(0, start - from), Math.min(plain.length, end - from))
        n += 1
      }
      if (n <= last) throw new Error(`a part of file ${id} is missing`)
    },
  }
}

/** Pieces of exactly `size`, the last one shorter. */
async function* inChunks(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Buffer> {
  let held: Buffer[] = []
  let length = 0
  for await (const piece of source) {
    held.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength))
    length += piece.byteLength
    if (length < size) continue
    let all = Buffer.concat(held, length)
    for (; all.length >= size; all = all.subarray(size)) yield all.subarray(0, size)
    held = [all]
    length = all.length
  }
  if (length > 0) yield Buffer.concat(held, length)
}
