// MongoDB's wire protocol: frames cut out of a byte stream, OP_MSG and the one OP_QUERY a driver still opens with.
// https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
import { assemble, decode, type Doc } from './values.ts'

const opReply = 1
const opQuery = 2004
const opMsg = 2013
const headerBytes = 16
const checksumPresent = 1
const moreToCome = 2
const exhaustAllowed = 1 << 16

/** A peer that does not speak the protocol: its connection is closed. */
export class ProtocolError extends Error {}

export type Message = {
  requestId: number
  isQuery: boolean
  wantsReply: boolean
  /** The peer takes any number of replies to this one. */
  exhaustAllowed: boolean
  command: Doc
}

/** Cuts frames out of what arrives; a length that no driver sends is refused before anything is kept for it. */
export class Frames {
  readonly #maxBytes: number
  #chunks: Buffer[] = []
  #held = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  *push(chunk: Buffer): Generator<Buffer> {
    this.#chunks.push(chunk)
    this.#held += chunk.length
    while (this.#held >= 4) {
      if (this.#chunks[0]!.length < 4) this.#join()
      const length = this.#chunks[0]!.readInt32LE(0)
      if (length < headerBytes || length > this.#maxBytes) throw new ProtocolError(`a frame of ${length} bytes`)
      if (this.#held < length) return
      this.#join()
      const whole = this.#chunks[0]!
      this.#chunks = whole.length > length ? [whole.subarray(length)] : []
      this.#held -= length
      yield whole.subarray(0, length)
    }
  }

  #join(): void {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)]
  }
}

export function parseMessage(frame: Buffer): Message {
  const requestId = frame.readInt32LE(4)
  const opcode = frame.readInt32LE(12)
  if (opcode === opQuery)
    return { requestId, isQuery: true, wantsReply: true, exhaustAllowed: false, command: parseQuery(frame) }
  if (opcode !== opMsg) throw new ProtocolError(`opcode ${opcode}`)
  if (frame.length < headerBytes + 9) throw new ProtocolError('a message without a section')
  const flags = frame.readUInt32LE(headerBytes)
  if ((flags & 0xffff & ~(checksumPresent | moreToCome)) !== 0 || (flags & ~0xffff & ~exhaustAllowed) !== 0)
    throw new ProtocolError(`flags ${flags}`)
  const end = flags & checksumPresent ? frame.length - 4 : frame.length
  let command: Doc | undefined
  const extra: Doc = {}
  let at = headerBytes + 4
  while (at < end) {
    const kind = frame[at++]
    const size = at + 4 <= end ? frame.readInt32LE(at) : -1
    if (size < 5 || at + size > end) throw new ProtocolError('a section runs past its message')
    const section = frame.subarray(at, at + size)
    at += size
    if (kind === 0) {
      if (command) throw new ProtocolError('two bodies in one message')
      command = decode(section, 'documents')
    } else if (kind === 1) {
      const nameEnd = section.indexOf(0, 4)
      const name = section.toString('latin1', 4, nameEnd)
      if (nameEnd < 0 || name === '') throw new ProtocolError('a sequence without a name')
      const documents = parseSequence(section.subarray(nameEnd + 1))
      extra[name] = name === 'documents' ? documents : documents.map((bytes) => decode(bytes))
    } else throw new ProtocolError(`section kind ${kind}`)
  }
  if (!command) throw new ProtocolError('a message without a body')
  return {
    requestId,
    isQuery: false,
    wantsReply: (flags & moreToCome) === 0,
    exhaustAllowed: (flags & exhaustAllowed) !== 0,
    command: Object.assign(command, extra),
  }
}

function parseSequence(bytes: Buffer): Buffer[] {
  const documents: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const size = at + 4 <= bytes.length ? bytes.readInt32LE(at) : -1
    if (size < 5 || at + size > bytes.length) throw new ProtocolError('a document runs past its sequence')
    documents.push(bytes.subarray(at, at + size))
    at += size
  }
  return documents
}

function parseQuery(frame: Buffer): Doc {
  const nameEnd = frame.indexOf(0, headerBytes + 4)
  const at = nameEnd + 9
  if (nameEnd < 0 || at + 4 > frame.length) throw new ProtocolError('a query without a document')
  const size = frame.readInt32LE(at)
  if (size < 5 || at + size > frame.length) throw new ProtocolError('a query runs past its message')
  const namespace = frame.toString('utf8', headerBytes + 4, nameEnd)
  const command = decode(frame.subarray(at, at + size))
  if (!['hello', 'ismaster', 'isMaster'].includes(Object.keys(command)[0] ?? ''))
    throw new ProtocolError('OP_QUERY is for the handshake only')
  return { ...command, $db: namespace.split('.')[0] }
}

let lastRequestId = 0

/** `isLast` false: another reply to the same message follows. */
export function formatReply(message: Pick<Message, 'requestId' | 'isQuery'>, reply: Doc, isLast = true): Buffer {
  const body = assemble(Object.entries(reply))
  const header = Buffer.alloc(message.isQuery ? 36 : headerBytes + 5)
  header.writeInt32LE(header.length + body.length, 0)
  header.writeInt32LE((lastRequestId = (lastRequestId + 1) & 0x7fffffff), 4)
  header.writeInt32LE(message.requestId, 8)
  header.writeInt32LE(message.isQuery ? opReply : opMsg, 12)
  if (message.isQuery) header.writeInt32LE(1, 32)
  else if (!isLast) header.writeUInt32LE(moreToCome, headerBytes)
  return Buffer.concat([header, body])
}
