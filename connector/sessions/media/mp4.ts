// An MP4 as it lies in pieces: what its index says of the film, and the whole of it with the index in front. Cameras write
// the index last, where nobody who reads through a pipe finds it in time (ISO/IEC 14496-12).
import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import type { MediaFacts } from '../../../shared/model/media.ts'
import type { ByteRange } from '../../../shared/store/media-bytes.ts'

export type Mp4 = {
  facts: Pick<MediaFacts, 'seconds' | 'width' | 'height'>
  /** All bytes, the index before what it points to. */
  inOrder(): AsyncIterable<Uint8Array>
}

export type ReadRange = (range: ByteRange) => AsyncIterable<Uint8Array>

/** The index of a film of some hours has a few megabytes; bytes. */
const largestIndex = 8 * 1_048_576
/** Boxes until the index, and beside each other at each place in it: a handful, unless somebody is up to something. */
const mostBoxes = 64
const longestSeconds = 86_400 * 7
const largestEdge = 100_000

type Box = { type: string; start: number; /** Where what it holds begins. */ inside: number; end: number }

/** `undefined` when there is no index that can be read, or one too large or of too many parts to be a film's. */
export async function readMp4(read: ReadRange, size: number): Promise<Mp4 | undefined> {
  let firstData: number | undefined
  let start = 0
  for (let i = 0; i < mostBoxes && start + 8 <= size; i += 1) {
    const head = await bytesOf(read, { start, end: Math.min(start + 16, size) })
    const box = toBox(head, 0, start, size)
    if (!box) return undefined
    if (box.type === 'mdat') firstData ??= start
    if (box.type === 'moov') {
      if (box.end - box.start > largestIndex) return undefined
      return toMp4(read, size, await bytesOf(read, { start: box.start, end: box.end }), box, firstData)
    }
    start = box.end
  }
  return undefined
}

function toMp4(read: ReadRange, size: number, index: Buffer, place: Box, firstData: number | undefined) {
  const { inside } = place
  const tracks = within(index, inside - place.start, index.length)?.filter(({ type }) => type === 'trak')
  if (!tracks) return undefined
  const film = tracks.find((track) => find(index, track, 'mdia', 'hdlr', (at) => fourAt(index, at + 8) === 'vide'))
  const length = find(index, { inside: inside - place.start, end: index.length }, 'mvhd', (at) => lengthAt(index, at))
  const edges = film && find(index, film, 'tkhd', (at) => edgesAt(index, at))
  return {
    facts: { ...length, ...edges },
    async *inOrder() {
      if (firstData === undefined) return yield* read({ start: 0, end: size })
      yield* read({ start: 0, end: firstData })
      yield moved(index, tracks, { from: firstData, to: place.start, by: index.length })
      yield* read({ start: firstData, end: place.start })
      if (place.end < size) yield* read({ start: place.end, end: size })
    },
  }
}

/** The index as it is right when so much stands before the data that stood before it. */
function moved(index: Buffer, tracks: readonly Box[], shift: { from: number; to: number; by: number }): Buffer {
  const result = Buffer.from(index)
  const isMoved = (offset: number) => offset >= shift.from && offset < shift.to
  for (const track of tracks) {
    find(index, track, 'mdia', 'minf', 'stbl', 'stco', (at, end) => {
      for (let one = at + 8; one + 4 <= end; one += 4) {
        const offset = index.readUInt32BE(one)
        if (isMoved(offset)) result.writeUInt32BE(Math.min(offset + shift.by, 0xffffffff), one)
      }
    })
    find(index, track, 'mdia', 'minf', 'stbl', 'co64', (at, end) => {
      for (let one = at + 8; one + 8 <= end; one += 8) {
        const offset = Number(index.readBigUInt64BE(one))
        if (isMoved(offset)) result.writeBigUInt64BE(BigInt(offset + shift.by), one)
      }
    })
  }
  return result
}

function lengthAt(index: Buffer, at: number): Pick<MediaFacts, 'seconds'> {
  const isLong = index.readUInt8(at) === 1
  const scale = index.readUInt32BE(at + (isLong ? 20 : 12))
  const units = isLong ? Number(index.readBigUInt64BE(at + 24)) : index.readUInt32BE(at + 16)
  const seconds = Math.round(units / scale)
  return units > 0 && scale > 0 && seconds <= longestSeconds ? { seconds: Math.max(1, seconds) } : {}
}

/** As it is shown: what was filmed upright lies on its side, and says so. */
function edgesAt(index: Buffer, at: number): Pick<MediaFacts, 'width' | 'height'> {
  const matrix = at + (index.readUInt8(at) === 1 ? 52 : 40)
  const isTurned = index.readInt32BE(matrix) === 0 && index.readInt32BE(matrix + 4) !== 0
  const [width, height] = [index.readUInt32BE(matrix + 36) >>> 16, index.readUInt32BE(matrix + 40) >>> 16]
  if (width === 0 || height === 0 || Math.max(width, height) > largestEdge) return {}
  return isTurned ? { width: height, height: width } : { width, height }
}

const fourAt = (bytes: Buffer, at: number) => bytes.toString('latin1', at, at + 4)

/** `offset`: where `bytes` begins in what is `limit` long. */
function toBox(bytes: Buffer, at: number, offset: number, limit: number): Box | undefined {
  if (at + 8 > bytes.length) return undefined
  const short = bytes.readUInt32BE(at)
  const isLong = short === 1
  if (isLong && at + 16 > bytes.length) return undefined
  const start = offset + at
  const size = isLong ? Number(bytes.readBigUInt64BE(at + 8)) : short === 0 ? limit - start : short
  const inside = start + (isLong ? 16 : 8)
  const end = start + size
  return end < inside || end > limit ? undefined : { type: fourAt(bytes, at + 4), start, inside, end }
}

/** `undefined`: so many that nobody should go through them. */
function within(index: Buffer, from: number, to: number): Box[] | undefined {
  const boxes: Box[] = []
  for (let at = from; at < to;) {
    const box = toBox(index, at, 0, to)
    if (!box) break
    if (boxes.push(box) > mostBoxes) return undefined
    at = box.end
  }
  return boxes
}

type Found<T> = (at: number, end: number) => T

/** What `found` makes of the first box under that path; `undefined` when there is none, or it is cut short. */
function find<T>(index: Buffer, box: Pick<Box, 'inside' | 'end'>, ...path: [...string[], Found<T>]): T | undefined {
  const names = path.slice(0, -1) as string[]
  const found = path.at(-1) as Found<T>
  let current: Pick<Box, 'inside' | 'end'> | undefined = box
  for (const name of names) {
    current = within(index, current.inside, current.end)?.find(({ type }) => type === name)
    if (!current) return undefined
  }
  try {
    return found(current.inside, current.end)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

const bytesOf = (read: ReadRange, range: ByteRange): Promise<Buffer> => buffer(Readable.from(read(range)))
