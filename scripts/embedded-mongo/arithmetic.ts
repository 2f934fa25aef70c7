// Adding and multiplying by BSON's rules: the wider type wins, Int32 grows into Int64, Int64 that overflows is an error.
import { Decimal128, Double, Int32, Long } from 'bson'
import { Failure } from './failure.ts'
import { exactDecimal } from './order.ts'
import { isNumeric, toNumber, type Value } from './values.ts'

type Kind = 'int' | 'long' | 'double' | 'decimal'

function kindOf(value: Value): Kind {
  if (value instanceof Decimal128) return 'decimal'
  if (value instanceof Long) return 'long'
  if (value instanceof Double) return 'double'
  if (value instanceof Int32) return 'int'
  return (value | 0) === value ? 'int' : 'double'
}

export function toDouble(value: number): Value {
  return (value | 0) === value && !Object.is(value, -0) ? new Double(value) : value
}

function toInt(value: bigint, mayWiden: boolean): Value {
  if (mayWiden && value >= -0x80000000n && value <= 0x7fffffffn) return Number(value)
  if (value < -0x8000000000000000n || value > 0x7fffffffffffffffn)
    throw new Failure('BadValue', 'Failed to apply $inc or $mul: the result does not fit 64 bits')
  return Long.fromBigInt(value)
}

function toBig(value: Value): bigint {
  return value instanceof Long ? value.toBigInt() : BigInt(toNumber(value))
}

/** Exact while the result has at most 34 digits, as Decimal128 keeps them; more are rounded half to even. */
function decimal(operation: '+' | '*', a: Value, b: Value): Value {
  const texts = [a, b].map((value) => (value instanceof Decimal128 ? value.toString() : doubleText(value)))
  if (texts.some((text) => !/^-?\d/.test(text)))
    return Decimal128.fromString(decimalText(operation === '+' ? toNumber(a) + toNumber(b) : toNumber(a) * toNumber(b)))
  const [x, y] = texts.map(exactDecimal) as [ReturnType<typeof exactDecimal>, ReturnType<typeof exactDecimal>]
  let exponent = operation === '*' ? x.exponent + y.exponent : Math.min(x.exponent, y.exponent)
  let digits =
    operation === '*'
      ? x.digits * y.digits
      : x.digits * 10n ** BigInt(x.exponent - exponent) + y.digits * 10n ** BigInt(y.exponent - exponent)
  const surplus = (digits < 0n ? -digits : digits).toString().length - 34
  if (surplus > 0) {
    const unit = 10n ** BigInt(surplus)
    const left = digits % unit
    const twice = (left < 0n ? -left : left) * 2n
    digits /= unit
    if (twice > unit || (twice === unit && digits % 2n !== 0n)) digits += left < 0n ? -1n : 1n
    exponent += surplus
  }
  return Decimal128.fromString(`${digits}E${exponent}`)
}

function doubleText(value: Value): string {
  if (value instanceof Long) return value.toString()
  const number = toNumber(value)
  return Number.isInteger(number) ? String(BigInt(number)) : String(number)
}

function decimalText(value: number): string {
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
}

function combine(operation: '+' | '*', a: Value, b: Value): Value {
  const kinds = [kindOf(a), kindOf(b)]
  if (kinds.includes('decimal')) return decimal(operation, a, b)
  if (kinds.includes('double')) {
    const [x, y] = [toNumber(a), toNumber(b)]
    return toDouble(operation === '+' ? x + y : x * y)
  }
  if (!kinds.includes('long')) {
    const quick = operation === '+' ? a + b : a * b
    if ((quick | 0) === quick) return quick
  }
  const [x, y] = [toBig(a), toBig(b)]
  return toInt(operation === '+' ? x + y : x * y, !kinds.includes('long'))
}

export const add = (a: Value, b: Value): Value => combine('+', a, b)
export const multiply = (a: Value, b: Value): Value => combine('*', a, b)
export const negate = (a: Value): Value => combine('*', a, -1)

/** MongoDB divides in doubles, or in decimals when one side is one. */
export function divide(a: Value, b: Value): Value {
  if (toNumber(b) === 0) throw new Failure('BadValue', "can't $divide by zero")
  const quotient = toNumber(a) / toNumber(b)
  if (kindOf(a) !== 'decimal' && kindOf(b) !== 'decimal') return toDouble(quotient)
  return Decimal128.fromString(Number.isFinite(quotient) ? String(quotient) : decimalText(quotient))
}

export function remainder(a: Value, b: Value): Value {
  if (toNumber(b) === 0) throw new Failure('BadValue', "can't $mod by zero")
  const kinds = [kindOf(a), kindOf(b)]
  if (kinds.includes('decimal')) return Decimal128.fromString(String(toNumber(a) % toNumber(b)))
  if (kinds.includes('double')) return toDouble(toNumber(a) % toNumber(b))
  return toInt(toBig(a) % toBig(b), !kinds.includes('long'))
}

export function requireNumber(value: Value, message: string): void {
  if (!isNumeric(value)) throw new Failure('TypeMismatch', message)
}
