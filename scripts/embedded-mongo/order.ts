// BSON's order as bytes: comparing two encodings with memcmp compares the values as MongoDB does.
// Used for index keys, sorting, grouping and every comparison that has no shorter way.
// https://www.mongodb.com/docs/manual/reference/bson-type-comparison-order/
import {
  Binary,
  BSONRegExp,
  BSONSymbol,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
} from 'bson'
import { createHash } from 'node:crypto'
import { isDoc, type Value } from './values.ts'

export const ranks = {
  minKey: 0x0a,
  undefined: 0x0f,
  null: 0x14,
  number: 0x1e,
  string: 0x28,
  object: 0x32,
  array: 0x3c,
  binary: 0x46,
  objectId: 0x50,
  bool: 0x5a,
  date: 0x64,
  timestamp: 0x6e,
  regex: 0x78,
  code: 0x82,
  maxKey: 0xf0,
}

export function rankOf(value: Value): number {
  switch (typeof value) {
    case 'string':
      return ranks.string
    case 'number':
      return ranks.number
    case 'boolean':
      return ranks.bool
    case 'undefined':
      return ranks.undefined
    default:
  }
  if (value === null) return ranks.null
  if (Array.isArray(value)) return ranks.array
  if (value instanceof Date) return ranks.date
  if (value instanceof ObjectId) return ranks.objectId
  if (value instanceof Timestamp) return ranks.timestamp
  if (value instanceof Double || value instanceof Long || value instanceof Decimal128 || value instanceof Int32)
    return ranks.number
  if (value instanceof Binary) return ranks.binary
  if (value instanceof BSONSymbol) return ranks.string
  if (value instanceof BSONRegExp || value instanceof RegExp) return ranks.regex
  if (value instanceof Code) return ranks.code
  if (value instanceof MinKey) return ranks.minKey
  if (value instanceof MaxKey) return ranks.maxKey
  return ranks.object
}

let scratch = Buffer.allocUnsafe(64 * 1024)
let at = 0

function room(bytes: number): void {
  if (at + bytes <= scratch.length) return
  const larger = Buffer.allocUnsafe(Math.max(scratch.length * 2, at + bytes))
  scratch.copy(larger, 0, 0, at)
  scratch = larger
}

/** Text ends with 0; a 0 inside it is 0 255, which sorts after the end because no rank is that large. */
function writeText(text: string): void {
  room(text.length * 3 + 1)
  const start = at
  at += scratch.write(text, at, 'utf8')
  if (scratch.subarray(start, at).includes(0)) {
    const escaped = Buffer.from(text.replaceAll('\0', '\0\u{1}'), 'utf8')
    for (let i = 1; i < escaped.length; i++) if (escaped[i - 1] === 0 && escaped[i] === 1) escaped[i] = 0xff
    at = start
    room(escaped.length + 1)
    at += escaped.copy(scratch, at)
  }
  scratch[at++] = 0
}

function writeBytes(bytes: Uint8Array): void {
  room(bytes.length)
  scratch.set(bytes, at)
  at += bytes.length
}

function writeDouble(value: number): void {
  room(8)
  if (Number.isNaN(value)) scratch.fill(0, at, at + 8)
  else {
    scratch.writeDoubleBE(value === 0 ? 0 : value, at)
    if (scratch[at]! & 0x80) for (let i = at; i < at + 8; i++) scratch[i] = ~scratch[i]! & 0xff
    else scratch[at]! |= 0x80
  }
  at += 8
}

type Exact = { digits: bigint; exponent: number }

function exactDouble(value: number): Exact {
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, value)
  const raw = bits.getBigUint64(0)
  const biased = Number((raw >> 52n) & 0x7ffn)
  const fraction = raw & 0xfffffffffffffn
  const mantissa = biased === 0 ? fraction : fraction | 0x10000000000000n
  const power = (biased === 0 ? 1 : biased) - 1075
  const signed = value < 0 ? -mantissa : mantissa
  return power >= 0
    ? { digits: signed << BigInt(power), exponent: 0 }
    : { digits: signed * 5n ** BigInt(-power), exponent: power }
}

export function exactDecimal(text: string): Exact {
  const [, sign, whole, part = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d*))?(?:E([+-]?\d+))?$/i.exec(text)!
  return { digits: BigInt(`${sign}${whole}${part}`), exponent: Number(exponent) - part.length }
}

/** The nearest double, then what it leaves over: nothing for most numbers, a decimal for long ones. */
function writeNumber(value: Value): void {
  let nearest: number
  let rest: Exact = { digits: 0n, exponent: 0 }
  if (typeof value === 'number') nearest = value
  else if (value instanceof Double || value instanceof Int32) nearest = value.value
  else if (value instanceof Long) {
    nearest = value.toNumber()
    if (!Number.isSafeInteger(nearest)) rest = { digits: value.toBigInt() - BigInt(nearest), exponent: 0 }
  } else {
    const text = value.toString() as string
    nearest = Number(text)
    if (!/^(-?Infinity|NaN)$/.test(text)) {
      if (!Number.isFinite(nearest)) nearest = nearest < 0 ? -Number.MAX_VALUE : Number.MAX_VALUE
      rest = subtract(exactDecimal(text), exactDouble(nearest))
    }
  }
  writeDouble(nearest)
  room(1)
  if (rest.digits === 0n) {
    scratch[at++] = 0x80
    return
  }
  const start = at
  const digits = (rest.digits < 0n ? -rest.digits : rest.digits).toString()
  const magnitude = rest.exponent + digits.length + 0x8000
  const body = Buffer.from(`\x81\0\0${digits.replace(/0+$/, '')}\0`, 'latin1')
  body.writeUInt16BE(magnitude, 1)
  writeBytes(body)
  if (rest.digits < 0n) for (let i = start; i < at; i++) scratch[i] = ~scratch[i]! & 0xff
}

function subtract(a: Exact, b: Exact): Exact {
  const exponent = Math.min(a.exponent, b.exponent)
  return {
    digits: a.digits * 10n ** BigInt(a.exponent - exponent) - b.digits * 10n ** BigInt(b.exponent - exponent),
    exponent,
  }
}

function writeValue(value: Value): void {
  const rank = rankOf(value)
  room(1)
  scratch[at++] = rank
  writePayload(value, rank)
}

function writePayload(value: Value, rank: number): void {
  room(16)
  switch (rank) {
    case ranks.number:
      return writeNumber(value)
    case ranks.string:
      return writeText(typeof value === 'string' ? value : value.value)
    case ranks.object:
      for (const key of Object.keys(value)) {
        const inner = rankOf(value[key])
        room(1)
        scratch[at++] = inner
        writeText(key)
        writePayload(value[key], inner)
      }
      room(1)
      scratch[at++] = 0
      return
    case ranks.array:
      for (const item of value) writeValue(item)
      room(1)
      scratch[at++] = 0
      return
    case ranks.binary: {
      const bytes = (value as Binary).value()
      at = scratch.writeUInt32BE(bytes.length, at)
      scratch[at++] = value.sub_type
      return writeBytes(bytes)
    }
    case ranks.objectId:
      return writeBytes(value.id)
    case ranks.bool:
      scratch[at++] = value ? 1 : 0
      return
    case ranks.date:
      at = scratch.writeBigUInt64BE(
        BigInt.asUintN(64, BigInt((value as Date).getTime() || 0) + 0x8000000000000000n),
        at,
      )
      return
    case ranks.timestamp:
      at = scratch.writeUInt32BE(value.t, at)
      at = scratch.writeUInt32BE(value.i, at)
      return
    case ranks.regex:
      writeText(value.pattern ?? value.source)
      return writeText(value.options ?? value.flags)
    case ranks.code:
      return writeText(value.code)
  }
}

/** One value as bytes that sort as BSON sorts; reversed for a descending field. */
export function orderKey(value: Value, descending = false): Buffer {
  at = 0
  writeValue(value)
  const key = Buffer.from(scratch.subarray(0, at))
  if (descending) for (let i = 0; i < key.length; i++) key[i] = ~key[i]! & 0xff
  return key
}

export function compare(a: Value, b: Value): number {
  if (a === b) return 0
  const type = typeof a
  if (type === typeof b) {
    if (type === 'number' && !Number.isNaN(a) && !Number.isNaN(b)) return a - b
    if (type === 'boolean') return a ? 1 : -1
    if (a instanceof Date && b instanceof Date) return a.getTime() - b.getTime()
  }
  const rankA = rankOf(a)
  const rankB = rankOf(b)
  if (rankA !== rankB) return rankA - rankB
  return Buffer.compare(orderKey(a), orderKey(b))
}

export function isSame(a: Value, b: Value): boolean {
  if (a === b) return true
  // Field by field: most documents that differ do so early, and a key for the whole of each is dear.
  if (isDoc(a) && isDoc(b)) {
    const [keys, others] = [Object.keys(a), Object.keys(b)]
    return keys.length === others.length && keys.every((key, i) => others[i] === key && isSame(a[key], b[key]))
  }
  if (typeof a === 'string' || typeof b === 'string') return compareText(a, b)
  return compare(a, b) === 0
}

function compareText(a: Value, b: Value): boolean {
  return (a instanceof BSONSymbol || b instanceof BSONSymbol) && compare(a, b) === 0
}

/** Whether two values are equal and of the same types all through, as a replacement must be to change nothing. */
export function isIdentical(a: Value, b: Value): boolean {
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => isIdentical(item, b[i]))
  if (isDoc(a)) {
    if (!isDoc(b)) return false
    const keys = Object.keys(a)
    const others = Object.keys(b)
    return keys.length === others.length && keys.every((key, i) => others[i] === key && isIdentical(a[key], b[key]))
  }
  if (typeof a !== typeof b || (a !== null && typeof a === 'object' && a.constructor !== b?.constructor)) return false
  if (a instanceof Decimal128) return a.toString() === b.toString()
  if (typeof a === 'number') return Object.is(a, b)
  return isSame(a, b)
}

/** LMDB takes keys of up to 1,978 bytes; a longer one keeps its beginning and a digest of the whole. */
export const keptKeyBytes = 1900

export function cut(key: Buffer): Buffer {
  if (key.length <= keptKeyBytes) return key
  return Buffer.concat([key.subarray(0, keptKeyBytes), createHash('sha1').update(key).digest()])
}
