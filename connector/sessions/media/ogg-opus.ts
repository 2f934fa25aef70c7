// Opus in Ogg, as WhatsApp's voice notes are: one mono stream, written and read (RFC 3533, RFC 7845).

/** Opus counts time at this rate, whatever was encoded. */
const clock = 48_000
/** Decoders drop so much at the start; what the encoder looks ahead (libopus at 48 kHz). */
const preSkip = 312
const packetsPerPage = 50
const serial = 0x77617374

const table = Array.from({ length: 256 }, (_, i) => {
  let crc = i << 24
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1
  return crc >>> 0
})
const checksum = (bytes: Buffer) => bytes.reduce((crc, byte) => ((crc << 8) ^ table[(crc >>> 24) ^ byte]!) >>> 0, 0)

function toPage(packets: readonly Uint8Array[], number: number, granule: number, flags: number): Buffer {
  const lacing = packets.flatMap(({ length }) => [...Array<number>(Math.floor(length / 255)).fill(255), length % 255])
  const head = Buffer.alloc(27)
  head.write('OggS', 0)
  head[5] = flags
  head.writeBigInt64LE(BigInt(granule), 6)
  head.writeUInt32LE(serial, 14)
  head.writeUInt32LE(number, 18)
  head[26] = lacing.length
  const page = Buffer.concat([head, Buffer.from(lacing), ...packets])
  page.writeUInt32LE(checksum(page), 22)
  return page
}

/** `packetMs`: how long each packet is. `inputRate`: Hz, of what was encoded; told, not used by players. */
export function toOgg(packets: readonly Uint8Array[], packetMs: number, inputRate: number): Buffer {
  const head = Buffer.alloc(19)
  head.write('OpusHead', 0)
  head.set([1, 1], 8)
  head.writeUInt16LE(preSkip, 10)
  head.writeUInt32LE(inputRate, 12)
  const vendor = Buffer.from('wastream')
  const tags = Buffer.alloc(8 + 4 + vendor.length + 4)
  tags.write('OpusTags', 0)
  tags.writeUInt32LE(vendor.length, 8)
  vendor.copy(tags, 12)
  const pages = [toPage([head], 0, 0, 2), toPage([tags], 1, 0, 0)]
  for (let at = 0; at < packets.length; at += packetsPerPage) {
    const some = packets.slice(at, at + packetsPerPage)
    const isLast = at + packetsPerPage >= packets.length
    const granule = ((at + some.length) * packetMs * clock) / 1000
    pages.push(toPage(some, pages.length, granule, isLast ? 4 : 0))
  }
  return Buffer.concat(pages)
}

/** The Opus packets of the first stream; `undefined` when it is no mono or stereo Opus in Ogg. */
export function fromOgg(bytes: Buffer): { packets: Buffer[]; channels: 1 | 2 } | undefined {
  const packets: Buffer[] = []
  let held: Buffer[] = []
  for (let at = 0; at + 27 <= bytes.length && bytes.toString('latin1', at, at + 4) === 'OggS';) {
    const segments = bytes[at + 26] ?? 0
    let from = at + 27 + segments
    for (const length of bytes.subarray(at + 27, at + 27 + segments)) {
      held.push(bytes.subarray(from, from + length))
      from += length
      if (length === 255) continue
      packets.push(Buffer.concat(held))
      held = []
    }
    at = from
  }
  const [head, , ...sound] = packets
  const channels = head?.[9]
  const isOpus = head?.toString('latin1', 0, 8) === 'OpusHead' && (channels === 1 || channels === 2)
  return isOpus ? { packets: sound, channels } : undefined
}
