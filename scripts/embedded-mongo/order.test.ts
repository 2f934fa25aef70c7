import { Binary, Decimal128, Double, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'bson'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { add } from './arithmetic.ts'
import type { Index } from './catalog.ts'
import { keysOf } from './index-keys.ts'
import { compare, orderKey } from './order.ts'
import { decode, encode, typeName, type Doc, type Value } from './values.ts'

/** BSON's order written out the slow way: by type, then by value. */
const kinds = [
  'minKey',
  'null',
  'number',
  'string',
  'object',
  'array',
  'binData',
  'objectId',
  'bool',
  'date',
  'timestamp',
  'maxKey',
]
const kindOf = (value: Value): string =>
  ['int', 'long', 'double', 'decimal'].includes(typeName(value)) ? 'number' : typeName(value)

function model(a: Value, b: Value): number {
  const kind = kindOf(a)
  if (kind !== kindOf(b)) return kinds.indexOf(kind) - kinds.indexOf(kindOf(b))
  switch (kind) {
    case 'number':
      return modelNumber(a, b)
    case 'string':
      return Buffer.compare(Buffer.from(a), Buffer.from(b))
    case 'bool':
      return Number(a) - Number(b)
    case 'date':
      return a.getTime() - b.getTime()
    case 'objectId':
      return Buffer.compare(a.id, b.id)
    case 'timestamp':
      return a.t - b.t || a.i - b.i
    case 'binData':
      return a.length() - b.length() || a.sub_type - b.sub_type || Buffer.compare(a.value(), b.value())
    case 'array':
      return modelList(a, b, model)
    case 'object':
      return modelList(
        Object.entries(a),
        Object.entries(b),
        ([x, xv]: [string, Value], [y, yv]: [string, Value]) =>
          kinds.indexOf(kindOf(xv)) - kinds.indexOf(kindOf(yv)) ||
          Buffer.compare(Buffer.from(x), Buffer.from(y)) ||
          model(xv, yv),
      )
    default:
      return 0
  }
}

function modelList(a: Value[], b: Value[], order: (x: Value, y: Value) => number): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const result = order(a[i], b[i])
    if (result !== 0) return result
  }
  return a.length - b.length
}

/** Whole numbers and short decimals: exact in thousandths. */
const thousandths = (value: Value): bigint => {
  const text = value.toString() as string
  const [whole, part = ''] = text.split('.') as [string, string?]
  return BigInt(whole + part.padEnd(3, '0'))
}
const modelNumber = (a: Value, b: Value): number =>
  thousandths(a) < thousandths(b) ? -1 : thousandths(a) > thousandths(b) ? 1 : 0

const number = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }),
  fc.integer({ min: -1000, max: 1000 }).map((n) => new Double(n)),
  fc.integer({ min: -8000, max: 8000 }).map((n) => new Double(n / 8)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((n) => Long.fromBigInt(n)),
  fc.bigInt({ min: 2n ** 53n - 4n, max: 2n ** 53n + 4n }).map((n) => Long.fromBigInt(n)),
  fc.integer({ min: -100_000, max: 100_000 }).map((n) => Decimal128.fromString((n / 1000).toFixed(3))),
)
const text = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.constantFrom('', '\0', 'a', 'a\0', 'a\0b', 'ab'),
)
const leaf = fc.oneof(
  { weight: 4, arbitrary: number },
  { weight: 4, arbitrary: text },
  fc.constantFrom(null, true, false, new MinKey(), new MaxKey()),
  fc.integer({ min: -1e12, max: 1e12 }).map((ms) => new Date(ms)),
  fc.tuple(fc.nat(), fc.nat()).map(([t, i]) => new Timestamp({ t, i })),
  fc.uint8Array({ maxLength: 5 }).map((bytes) => new Binary(Buffer.from(bytes))),
  fc.uint8Array({ minLength: 12, maxLength: 12 }).map((bytes) => new ObjectId(bytes)),
)
const value: fc.Arbitrary<Value> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value
const scalar = leaf

const index = (key: Doc): Index => ({
  id: 1,
  name: 'i',
  key,
  unique: false,
  sparse: false,
  multikey: [],
  isCut: false,
  hidden: false,
})

describe('order', () => {
  test('of keys is BSON’s order of values', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        const expected = Math.sign(model(a, b))
        expect(Math.sign(Buffer.compare(orderKey(a), orderKey(b)))).toBe(expected)
        expect(Math.sign(compare(a, b))).toBe(expected)
      }),
      { numRuns: 3000 },
    )
  })

  test('of compound keys, ascending and descending, is the order of their fields', () => {
    fc.assert(
      fc.property(
        fc.tuple(scalar, scalar),
        fc.tuple(scalar, scalar),
        fc.constantFrom(1, -1),
        fc.constantFrom(1, -1),
        ([a1, a2], [b1, b2], first, second) => {
          const shape = index({ x: first, y: second })
          const key = (x: Value, y: Value): Buffer => keysOf(shape, { x, y }).keys[0]!
          // Equal and descending would be -0.
          const expected = Math.sign(model(a1, b1) * first || model(a2, b2) * second) || 0
          expect(Math.sign(Buffer.compare(key(a1, a2), key(b1, b2)))).toBe(expected)
        },
      ),
      { numRuns: 3000, examples: [[['a\0b', ''], ['a\0b', ''], 1, -1]] },
    )
  })

  test('puts NaN before all numbers and counts -0 as 0', () => {
    expect(compare(Number.NaN, Number.NEGATIVE_INFINITY)).toBeLessThan(0)
    expect(compare(Number.NaN, Decimal128.fromString('-Infinity'))).toBeLessThan(0)
    expect(compare(new Double(-0), 0)).toBe(0)
    expect(compare(Decimal128.fromString('1E+6000'), 1e308)).toBeGreaterThan(0)
    expect(compare(Decimal128.fromString('Infinity'), Decimal128.fromString('1E+6000'))).toBeGreaterThan(0)
  })
})

test('a document decoded and encoded again is the same bytes', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), value, { noNullPrototype: true }), (doc) => {
      const bytes = encode(doc)
      expect(encode(decode(bytes)).equals(bytes)).toBe(true)
    }),
  )
})

test('adding follows the wider type and never loses a digit of an integer', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
      fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
      (a, b) => {
        expect(add(Long.fromBigInt(a), Long.fromBigInt(b)).toBigInt()).toBe(a + b)
      },
    ),
  )
  expect(() => add(Long.MAX_VALUE, 1)).toThrow()
})
