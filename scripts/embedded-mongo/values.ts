// BSON in memory without loss of type. A number is Int32 when it is a whole number that fits 32 bits, otherwise Double;
// a Double that would read as Int32 stays wrapped, and Int64 and Decimal128 are always wrapped.
// So most values are plain for mingo and the rest survive a round trip.
import {
  Binary,
  Code,
  BSONRegExp,
  BSONSymbol,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  serialize,
} from 'bson'
import { Failure } from './failure.ts'

// What comes off the wire has no static shape; each command checks what it reads.
// oxlint-disable-next-line typescript/no-explicit-any
export type Value = any
export type Doc = { [field: string]: Value }

/** MongoDB: https://www.mongodb.com/docs/manual/reference/limits/ */
export const maxDocumentBytes = 16 * 1024 * 1024
const maxNesting = 100
const internalSlackBytes = 16 * 1024

export function decode(bytes: Buffer, rawArray?: string): Doc {
  if (bytes.length < 5 || bytes.readInt32LE(0) !== bytes.length || bytes[bytes.length - 1] !== 0)
    throw new Failure('InvalidBSON', 'not a BSON document')
  try {
    return readFields(bytes, 0, false, 1, rawArray) as Doc
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure('InvalidBSON', `malformed BSON: ${(error as Error).message}`)
  }
}

function readFields(b: Buffer, start: number, isArray: boolean, depth: number, rawArray?: string): Doc | Value[] {
  if (depth > maxNesting + 1)
    throw new Failure('Overflow', `Document exceeds maximum nested object depth: ${maxNesting}`)
  const end = start + b.readInt32LE(start) - 1
  if (end > b.length - 1 || end < start + 4) throw new Failure('InvalidBSON', 'a nested length is wrong')
  const list: Value[] = []
  const doc: Doc = {}
  let at = start + 4
  while (at < end) {
    const type = b[at++]!
    const nameEnd = b.indexOf(0, at)
    if (nameEnd < 0 || nameEnd > end) throw new Failure('InvalidBSON', 'a field name does not end')
    const name = isArray ? '' : b.toString('latin1', at, nameEnd)
    const key = isArray || isAscii(name) ? name : b.toString('utf8', at, nameEnd)
    at = nameEnd + 1
    let value: Value
    switch (type) {
      case 0x01: {
        const double = b.readDoubleLE(at)
        value =
          Number.isInteger(double) && (double | 0) === double && !Object.is(double, -0) ? new Double(double) : double
        at += 8
        break
      }
      case 0x02:
      case 0x0d:
      case 0x0e: {
        const length = b.readInt32LE(at)
        if (length < 1 || at + 4 + length > end || b[at + 3 + length] !== 0)
          throw new Failure('InvalidBSON', 'a string length is wrong')
        const text = b.toString('utf8', at + 4, at + 3 + length)
        value = type === 0x02 ? text : type === 0x0d ? new Code(text) : new BSONSymbol(text)
        at += 4 + length
        break
      }
      case 0x03:
      case 0x04:
        value = depth === 1 && key === rawArray ? rawDocuments(b, at) : readFields(b, at, type === 0x04, depth + 1)
        at += b.readInt32LE(at)
        break
      case 0x05: {
        const length = b.readInt32LE(at)
        if (length < 0 || at + 5 + length > end) throw new Failure('InvalidBSON', 'a binary length is wrong')
        value = new Binary(Buffer.from(b.subarray(at + 5, at + 5 + length)), b[at + 4])
        at += 5 + length
        break
      }
      case 0x06:
        value = undefined
        break
      case 0x07:
        value = new ObjectId(Buffer.from(b.subarray(at, at + 12)))
        at += 12
        break
      case 0x08:
        value = b[at++] === 1
        break
      case 0x09:
        value = new Date(Number(b.readBigInt64LE(at)))
        at += 8
        break
      case 0x0a:
        value = null
        break
      case 0x0b: {
        const patternEnd = b.indexOf(0, at)
        const optionsEnd = b.indexOf(0, patternEnd + 1)
        value = new BSONRegExp(b.toString('utf8', at, patternEnd), b.toString('latin1', patternEnd + 1, optionsEnd))
        at = optionsEnd + 1
        break
      }
      case 0x10:
        value = b.readInt32LE(at)
        at += 4
        break
      case 0x11:
        value = new Timestamp({ i: b.readUInt32LE(at), t: b.readUInt32LE(at + 4) })
        at += 8
        break
      case 0x12:
        value = new Long(b.readInt32LE(at), b.readInt32LE(at + 4))
        at += 8
        break
      case 0x13:
        value = new Decimal128(Buffer.from(b.subarray(at, at + 16)))
        at += 16
        break
      case 0xff:
        value = new MinKey()
        break
      case 0x7f:
        value = new MaxKey()
        break
      default:
        throw new Failure('InvalidBSON', `BSON type ${type} is not supported`)
    }
    if (isArray) list.push(value)
    else if (key === '__proto__')
      Object.defineProperty(doc, key, { value, enumerable: true, writable: true, configurable: true })
    else doc[key] = value
  }
  if (at !== end) throw new Failure('InvalidBSON', 'a value runs past its document')
  return isArray ? list : doc
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}

/** The documents of an array as their own bytes, so that what is stored is what was sent. */
function rawDocuments(b: Buffer, start: number): Buffer[] {
  const end = start + b.readInt32LE(start) - 1
  const documents: Buffer[] = []
  let at = start + 4
  while (at < end) {
    const type = b[at]
    at = b.indexOf(0, at + 1) + 1
    const size = b.readInt32LE(at)
    if (type !== 0x03 || size < 5 || at + size > end)
      throw new Failure('TypeMismatch', 'expected an array of documents')
    documents.push(b.subarray(at, at + size))
    at += size
  }
  return documents
}

export function encode(doc: Doc): Buffer {
  try {
    const bytes = serialize(doc, { ignoreUndefined: true })
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  } catch (error) {
    // bson writes into a buffer of 17 MB and fails at its end.
    if (error instanceof RangeError)
      throw new Failure('BSONObjectTooLarge', 'BSONObj size is invalid: more than 16777216 (16MB)')
    throw error
  }
}

/** A document of ready BSON: values that are already bytes are embedded as documents, arrays of bytes as arrays. */
export function assemble(fields: [name: string, value: Value | Buffer | Buffer[]][]): Buffer {
  const parts: Buffer[] = [Buffer.alloc(4)]
  let plain: Doc = {}
  let hasPlain = false
  const flush = (): void => {
    if (hasPlain) parts.push(encode(plain).subarray(4, -1))
    plain = {}
    hasPlain = false
  }
  for (const [name, value] of fields) {
    if (Buffer.isBuffer(value)) {
      flush()
      parts.push(Buffer.from(`\x03${name}\0`, 'utf8'), value)
    } else if (Array.isArray(value) && Buffer.isBuffer(value[0])) {
      flush()
      const items: Buffer[] = [Buffer.alloc(4)]
      value.forEach((item: Buffer, index) => items.push(Buffer.from(`\x03${index}\0`, 'latin1'), item))
      parts.push(Buffer.from(`\x04${name}\0`, 'utf8'), seal(items))
    } else if (value !== undefined) {
      plain[name] = value
      hasPlain = true
    }
  }
  flush()
  return seal(parts)
}

function seal(parts: Buffer[]): Buffer {
  parts.push(Buffer.alloc(1))
  const whole = Buffer.concat(parts)
  whole.writeInt32LE(whole.length, 0)
  return whole
}

export function checkSize(bytes: Buffer): void {
  if (bytes.length > maxDocumentBytes + internalSlackBytes)
    throw new Failure(
      'BSONObjectTooLarge',
      `BSONObj size: ${bytes.length} (0x${bytes.length.toString(16).toUpperCase()}) is invalid. Size must be between 0 and ${maxDocumentBytes + internalSlackBytes}(16MB)`,
    )
}

export function isDoc(value: Value): value is Doc {
  return (
    typeof value === 'object' && value !== null && (value.constructor === Object || value.constructor === undefined)
  )
}

/** A copy that shares only immutable leaves. */
export function copy<T extends Value>(value: T): T {
  if (Array.isArray(value)) return value.map(copy) as T
  if (!isDoc(value)) return value
  const result: Doc = {}
  for (const key of Object.keys(value)) result[key] = copy((value as Doc)[key])
  return result as T
}

const typeNames: [string, number, (v: Value) => boolean][] = [
  ['double', 1, (v) => v instanceof Double || (typeof v === 'number' && !isInt(v))],
  ['string', 2, (v) => typeof v === 'string'],
  ['object', 3, isDoc],
  ['array', 4, Array.isArray],
  ['binData', 5, (v) => v instanceof Binary],
  ['undefined', 6, (v) => v === undefined],
  ['objectId', 7, (v) => v instanceof ObjectId],
  ['bool', 8, (v) => typeof v === 'boolean'],
  ['date', 9, (v) => v instanceof Date],
  ['null', 10, (v) => v === null],
  ['regex', 11, (v) => v instanceof BSONRegExp || v instanceof RegExp],
  ['javascript', 13, (v) => v instanceof Code],
  ['symbol', 14, (v) => v instanceof BSONSymbol],
  ['int', 16, (v) => v instanceof Int32 || isInt(v)],
  ['timestamp', 17, (v) => v instanceof Timestamp],
  ['long', 18, (v) => v instanceof Long && !(v instanceof Timestamp)],
  ['decimal', 19, (v) => v instanceof Decimal128],
  ['minKey', -1, (v) => v instanceof MinKey],
  ['maxKey', 127, (v) => v instanceof MaxKey],
]

function isInt(v: Value): boolean {
  return typeof v === 'number' && (v | 0) === v && !Object.is(v, -0)
}

/** The name `$type` gives a value. */
export function typeName(value: Value): string {
  return typeNames.find(([, , test]) => test(value))?.[0] ?? 'object'
}

export function typeNumber(nameOrNumber: string | number): number | undefined {
  return typeNames.find(([name, number]) => name === nameOrNumber || number === nameOrNumber)?.[1]
}

export function hasType(value: Value, number: number): boolean {
  return typeNames.some(([, n, test]) => n === number && test(value))
}

/** A count, limit or size out of a command, whatever number type the driver chose. */
export function toNumber(value: Value): number {
  if (typeof value === 'number') return value
  if (value instanceof Double || value instanceof Int32) return value.value
  if (value instanceof Long) return value.toNumber()
  if (value instanceof Decimal128) return Number(value.toString())
  return Number.NaN
}

export function isNumeric(value: Value): boolean {
  return (
    typeof value === 'number' ||
    value instanceof Double ||
    (value instanceof Long && !(value instanceof Timestamp)) ||
    value instanceof Decimal128 ||
    value instanceof Int32
  )
}
