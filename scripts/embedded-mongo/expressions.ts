// Aggregation expressions: mingo evaluates them, with the operators that meet numbers replaced by ones that follow BSON.
import { Decimal128, Long, ObjectId, Timestamp, Double } from 'bson'
import { Context, evalExpr } from 'mingo/core'
import * as accumulators from 'mingo/operators/accumulator'
import * as expressions from 'mingo/operators/expression'
import * as projections from 'mingo/operators/projection'
import * as queries from 'mingo/operators/query'
import * as windows from 'mingo/operators/window'
import { add, divide, multiply, negate, remainder, toDouble } from './arithmetic.ts'
import { Failure } from './failure.ts'
import { compare } from './order.ts'
import { isNumeric, toNumber, typeName, type Doc, type Value } from './values.ts'

/** What an expression may see beside its document: one moment for a whole command, and the command's `let`. */
export type Scope = { now: Date; variables: Doc }

// mingo's operators are typed by their own union, which no outside operator can satisfy.
// oxlint-disable-next-line typescript/no-explicit-any
type Operator = any
type Options = Value

const isNil = (value: Value): boolean => value === null || value === undefined

/** The operands of an operator, evaluated once; a single operand may come without its array. */
function operands(doc: Value, expression: Value, options: Options): Value[] {
  const value = evalExpr(doc, expression, options) as Value
  return Array.isArray(expression) ? value : [value]
}

const comparison =
  (test: (order: number) => boolean): Operator =>
  (doc: Value, expression: Value, options: Options) => {
    const [a, b] = operands(doc, expression, options)
    return test(compare(a, b))
  }

const unless =
  (compute: (values: Value[]) => Value): Operator =>
  (doc: Value, expression: Value, options: Options) => {
    const values = operands(doc, expression, options)
    return values.some(isNil) ? null : compute(values)
  }

function sum(values: Value[]): Value {
  const date = values.find((value) => value instanceof Date)
  for (const value of values)
    if (!isNumeric(value) && value !== date)
      throw new Failure('TypeMismatch', `$add only supports numeric or date types, not ${typeName(value)}`)
  if (!date) return values.reduce((total, value) => add(total, value), 0)
  return new Date(values.reduce((total, value) => total + (value === date ? date.getTime() : toNumber(value)), 0))
}

function subtract([a, b]: Value[]): Value {
  if (a instanceof Date && b instanceof Date) return Long.fromNumber(a.getTime() - b.getTime())
  if (a instanceof Date && isNumeric(b)) return new Date(a.getTime() - toNumber(b))
  if (!isNumeric(a) || !isNumeric(b))
    throw new Failure('TypeMismatch', `can't $subtract ${typeName(b)} from ${typeName(a)}`)
  return add(a, negate(b))
}

function numeric(name: string, values: Value[]): Value[] {
  for (const value of values)
    if (!isNumeric(value))
      throw new Failure('TypeMismatch', `${name} only supports numeric types, not ${typeName(value)}`)
  return values
}

const mingoExpressions: Record<string, Operator> = { ...expressions }

/** mingo's own operator, given plain numbers. */
const plainNumbers =
  (name: keyof typeof expressions): Operator =>
  (doc: Value, expression: Value, options: Options) => {
    const values = operands(doc, expression, options)
    const plain = values.map((value) => (isNumeric(value) ? toNumber(value) : value))
    const result = mingoExpressions[name](doc, Array.isArray(expression) ? plain : plain[0], options)
    return values.some((value) => value instanceof Double) && typeof result === 'number' ? toDouble(result) : result
  }

const comparisons: Record<string, Operator> = {
  $eq: comparison((order) => order === 0),
  $ne: comparison((order) => order !== 0),
  $gt: comparison((order) => order > 0),
  $gte: comparison((order) => order >= 0),
  $lt: comparison((order) => order < 0),
  $lte: comparison((order) => order <= 0),
  $cmp: (doc: Value, expression: Value, options: Options) => {
    const [a, b] = operands(doc, expression, options)
    return Math.sign(compare(a, b))
  },
}

const arithmetic: Record<string, Operator> = {
  $add: unless(sum),
  $subtract: unless(subtract),
  $multiply: unless((values) => numeric('$multiply', values).reduce((total, value) => multiply(total, value), 1)),
  $divide: unless((values) => divide(numeric('$divide', values)[0], values[1])),
  $mod: unless((values) => remainder(numeric('$mod', values)[0], values[1])),
  ...Object.fromEntries(
    (
      [
        '$abs',
        '$ceil',
        '$floor',
        '$round',
        '$trunc',
        '$sqrt',
        '$pow',
        '$exp',
        '$ln',
        '$log',
        '$log10',
        '$range',
      ] as const
    ).map((name) => [name, plainNumbers(name)]),
  ),
}

const conversions: Record<string, Operator> = {
  $type: (doc: Value, expression: Value, options: Options) => {
    const [value] = operands(doc, expression, options)
    return value === undefined ? 'missing' : typeName(value)
  },
  $isNumber: (doc: Value, expression: Value, options: Options) => isNumeric(operands(doc, expression, options)[0]),
  $toLong: unless(([value]) =>
    value instanceof Date ? Long.fromNumber(value.getTime()) : Long.fromNumber(Math.trunc(parse(value))),
  ),
  $toInt: unless(([value]) => Math.trunc(parse(value))),
  $toDouble: unless(([value]) => toDouble(value instanceof Date ? value.getTime() : parse(value))),
  $toDecimal: unless(([value]) => (value instanceof Decimal128 ? value : Decimal128.fromString(String(value)))),
  $toObjectId: unless(([value]) => new ObjectId(value)),
  $toDate: unless(([value]) =>
    value instanceof ObjectId
      ? value.getTimestamp()
      : value instanceof Timestamp
        ? new Date(value.t * 1000)
        : new Date(isNumeric(value) ? toNumber(value) : value),
  ),
  $toString: unless(([value]) =>
    value instanceof ObjectId ? value.toHexString() : value instanceof Date ? value.toISOString() : String(value),
  ),
}

function parse(value: Value): number {
  const number = typeof value === 'boolean' ? Number(value) : isNumeric(value) ? toNumber(value) : Number(value)
  if (Number.isNaN(number))
    throw new Failure('BadValue', `Failed to parse number '${String(value)}' in $convert with no onError value`)
  return number
}

/** An accumulator over a group's documents; as an expression it gets one array instead. */
const accumulator =
  (combine: (values: Value[]) => Value): Operator =>
  (docs: Value[], expression: Value, options: Options) =>
    combine(expression === null ? docs : docs.map((doc) => evalExpr(doc, expression, options)))

const best = (sign: number) =>
  accumulator((values) =>
    values
      .filter((value) => !isNil(value))
      .reduce((kept, value) => (kept === null || compare(value, kept) * sign > 0 ? value : kept), null),
  )

const typedAccumulators: Record<string, Operator> = {
  $sum: accumulator((values) => values.filter(isNumeric).reduce((total, value) => add(total, value), 0)),
  $avg: accumulator((values) => {
    const numbers = values.filter(isNumeric)
    return numbers.length === 0
      ? null
      : divide(
          numbers.reduce((total, value) => add(total, value), 0),
          numbers.length,
        )
  }),
  $min: best(-1),
  $max: best(1),
}

export const context: Context = Context.from(
  Context.init({ expression: { ...comparisons, ...arithmetic, ...conversions }, accumulator: typedAccumulators }),
  Context.init({
    accumulator: accumulators,
    expression: expressions,
    projection: projections,
    query: queries,
    window: windows,
  }),
)

/** mingo takes `$$NOW` from the wall clock; given as a variable of another name it is the same all through a command. */
export function optionsFor(scope: Scope): Options {
  return {
    idKey: '_id',
    // mingo's window stages run functions of its own; a client's are refused in `bindNow`.
    scriptEnabled: true,
    useStrictMode: true,
    failOnError: true,
    processingMode: 0,
    context,
    variables: { ...scope.variables, EMBEDDED_NOW: scope.now },
  }
}

/** `$$NOW` renamed, and what mingo does not have refused by its name. */
export function bindNow(expression: Value): Value {
  if (typeof expression === 'string') {
    if (expression === '$$CLUSTER_TIME')
      throw new Failure('NotImplemented', '$$CLUSTER_TIME is not served by the embedded MongoDB')
    return expression.startsWith('$$NOW') ? `$$EMBEDDED_NOW${expression.slice(5)}` : expression
  }
  if (Array.isArray(expression)) return expression.map(bindNow)
  if (expression === null || typeof expression !== 'object' || expression.constructor !== Object) return expression
  for (const name of ['$function', '$accumulator'])
    if (name in expression) throw new Failure('NotImplemented', `${name} is not served by the embedded MongoDB`)
  const bound: Doc = {}
  for (const [key, value] of Object.entries(expression)) bound[key] = key === '$literal' ? value : bindNow(value)
  return bound
}

export function compileExpression(expression: Value, scope: Scope): (doc: Doc) => Value {
  const bound = bindNow(expression)
  const options = optionsFor(scope)
  return (doc) => evalExpr(doc, bound, options)
}
