// One H.264 stream as an MP4: whole, its index in front, without a byte on disk (ISO/IEC 14496-12, 14496-15).

export type Film = { width: number; height: number; framesPerSecond: number }

const ticksPerFrame = 1_000
const unity = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000]
/** NAL unit types (ITU-T H.264, table 7-1). */
const nal = { slice: 1, keyframe: 5, sequence: 7, picture: 8 }

/** `stream`: as ffmpeg writes it with one slice a frame, in the order of showing. `undefined`: there is no frame in it. */
export function toMp4(stream: Buffer, film: Film): { bytes: Buffer; seconds: number } | undefined {
  const units = unitsOf(stream)
  const typeOf = (unit: Buffer) => (unit[0] ?? 0) & 31
  const frames = units.filter((unit) => typeOf(unit) === nal.slice || typeOf(unit) === nal.keyframe)
  const sequence = units.find((unit) => typeOf(unit) === nal.sequence)
  const picture = units.find((unit) => typeOf(unit) === nal.picture)
  if (!sequence || sequence.length < 4 || !picture || frames.length === 0) return undefined
  const keys = frames.flatMap((unit, i) => (typeOf(unit) === nal.keyframe ? [i + 1] : []))
  const sizes = frames.map((unit) => unit.length + 4)
  const data = box('mdat', ...frames.flatMap((unit) => [u32(unit.length), unit]))
  const ftyp = box('ftyp', text('isom'), u32(512), text('isomiso2avc1mp41'))
  const index = (offset: number) => toIndex({ film, sequence, picture, sizes, keys, offset })
  const head = ftyp.length + index(0).length
  return {
    bytes: Buffer.concat([ftyp, index(head + 8), data]),
    seconds: Math.max(1, Math.round(frames.length / film.framesPerSecond)),
  }
}

type Parts = { film: Film; sequence: Buffer; picture: Buffer; sizes: number[]; keys: number[]; offset: number }

function toIndex({ film, sequence, picture, sizes, keys, offset }: Parts): Buffer {
  const { width, height, framesPerSecond } = film
  const scale = framesPerSecond * ticksPerFrame
  const ticks = sizes.length * ticksPerFrame
  const parameters = [u16(sequence.length), sequence, Buffer.from([1]), u16(picture.length), picture]
  const avcC = box('avcC', Buffer.from([1]), sequence.subarray(1, 4), Buffer.from([0xff, 0xe1]), ...parameters)
  const look = [zeros(16), u16(width, height), u32(0x480000, 0x480000, 0), u16(1), zeros(32), u16(24, 0xffff)]
  const avc1 = box('avc1', zeros(6), u16(1), ...look, avcC)
  const stbl = box(
    'stbl',
    full('stsd', u32(1), avc1),
    full('stts', u32(1, sizes.length, ticksPerFrame)),
    full('stss', u32(keys.length, ...keys)),
    full('stsc', u32(1, 1, sizes.length, 1)),
    full('stsz', u32(0, sizes.length, ...sizes)),
    full('stco', u32(1, offset)),
  )
  const here = box('dinf', full('dref', u32(1), box('url ', u32(1))))
  const minf = box('minf', box('vmhd', u32(1), zeros(8)), here, stbl)
  const hdlr = full('hdlr', u32(0), text('vide'), zeros(12), text('film\0'))
  const mdia = box('mdia', full('mdhd', u32(0, 0, scale, ticks), u16(0x55c4, 0)), hdlr, minf)
  // 3: it is enabled, and part of the film.
  const tkhd = box('tkhd', u32(3, 0, 0, 1, 0, ticks), zeros(16), u32(...unity, width << 16, height << 16))
  const mvhd = full('mvhd', u32(0, 0, scale, ticks, 0x10000), u16(0x100), zeros(10), u32(...unity), zeros(24), u32(2))
  return box('moov', mvhd, box('trak', tkhd, mdia))
}

const text = (words: string) => Buffer.from(words, 'latin1')
const zeros = (count: number) => Buffer.alloc(count)
const u32 = (...values: number[]) => {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i)
  return bytes
}
const u16 = (...values: number[]) => {
  const bytes = Buffer.alloc(2 * values.length)
  for (const [i, value] of values.entries()) bytes.writeUInt16BE(value, 2 * i)
  return bytes
}
const box = (type: string, ...inside: Uint8Array[]): Buffer => {
  const length = inside.reduce((sum, piece) => sum + piece.length, 8)
  return Buffer.concat([u32(length), text(type), ...inside])
}
/** One with a version and flags, both 0. */
const full = (type: string, ...inside: Uint8Array[]): Buffer => box(type, zeros(4), ...inside)

/** What stands between start codes (three bytes, or four with a zero in front). */
function unitsOf(stream: Buffer): Buffer[] {
  const units: Buffer[] = []
  const code = Buffer.from([0, 0, 1])
  for (let at = stream.indexOf(code); at >= 0;) {
    const next = stream.indexOf(code, at + 3)
    let end = next < 0 ? stream.length : next
    // The zero of a longer code is none of the unit's, which never ends with one.
    while (end > at + 3 && stream[end - 1] === 0) end -= 1
    if (end > at + 3) units.push(stream.subarray(at + 3, end))
    at = next
  }
  return units
}
