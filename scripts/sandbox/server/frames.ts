// WhatsApp's framing: an intro once per socket, then frames of a 3-byte big-endian length and a payload. Several
// frames may share a WebSocket message and one may span several. Throws on an intro that is not WhatsApp's.
import { NOISE_WA_HEADER } from '@whiskeysockets/baileys'

const EDGE_ROUTING = Buffer.from([0x45, 0x44, 0x00, 0x01])
/** Nothing before login is larger than a ClientPayload; 24 bits bound the rest. */
const MAX_HANDSHAKE_BYTES = 64 * 1024

export const frame = (payload: Uint8Array): Buffer => {
  const head = Buffer.alloc(3)
  head.writeUIntBE(payload.length, 0, 3)
  return Buffer.concat([head, payload])
}

const introLength = (bytes: Buffer): number | 'incomplete' => {
  let at = 0
  if (bytes.length < 4) return 'incomplete'
  if (bytes.subarray(0, 4).equals(EDGE_ROUTING)) {
    if (bytes.length < 7) return 'incomplete'
    at = 7 + bytes.readUIntBE(4, 3)
  }
  const end = at + NOISE_WA_HEADER.length
  if (end > MAX_HANDSHAKE_BYTES) throw new Error('routing info too long')
  if (bytes.length < end) return 'incomplete'
  if (!bytes.subarray(at, end).equals(NOISE_WA_HEADER)) throw new Error('not a WhatsApp client')
  return end
}

export const createFrameReader = () => {
  let rest: Buffer = Buffer.alloc(0)
  let introduced = false
  let trusted = false
  return {
    /** After login, frames may be as long as the length field allows. */
    trust: () => {
      trusted = true
    },
    push: (chunk: Buffer): Buffer[] => {
      rest = rest.length ? Buffer.concat([rest, chunk]) : chunk
      if (!introduced) {
        const end = introLength(rest)
        if (end === 'incomplete') return []
        rest = rest.subarray(end)
        introduced = true
      }
      const frames: Buffer[] = []
      while (rest.length >= 3) {
        const length = rest.readUIntBE(0, 3)
        if (!trusted && length > MAX_HANDSHAKE_BYTES) throw new Error('handshake frame too long')
        if (rest.length < 3 + length) break
        frames.push(rest.subarray(3, 3 + length))
        rest = rest.subarray(3 + length)
      }
      return frames
    },
  }
}
