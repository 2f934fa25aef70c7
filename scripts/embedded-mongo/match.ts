// long: the query language, one row per operator
// A filter becomes one function from document to boolean, comparing as BSON does. mingo's own matcher knows neither
// Int64 nor Decimal128 and compares across types, so only `$expr` goes to it.
import { Binary, BSONRegExp, BSONSymbol, MaxKey, MinKey } from 'bson'
import { compileExpression, type Scope } from './expressions.ts'
import { Failure } from './failure.ts'
import { compare, isSame, rankOf } from './order.ts'
import { hasType, isDoc, isNumeric, toNumber, typeNumber, type Doc, type Value } from './values.ts'

export type Matches = (doc: Doc) => boolean
type Leaf = (value: Value) => boolean

export function compileFilter(filter: Doc, scope: Scope): Matches {
  const tests: Matches[] = []
  for (const [field, condition] of Object.entries(filter)) {
    if (field.startsWith('$')) {
      const test = topLevel(field, condition, scope)
      if (test) tests.push(test)
    } else tests.push(...compileField(field, condition, scope))
  }
  if (tests.length === 0) return () => true
  if (tests.length === 1) return tests[0]!
  return (doc) => tests.every((test) => test(doc))
}

function topLevel(operator: string, condition: Value, scope: Scope): Matches | undefined {
  switch (operator) {
    case '$and':
    case '$or':
    case '$nor': {
      if (!Array.isArray(condition) || condition.length === 0)
        throw new Failure('BadValue', `${operator} must be a nonempty array`)
      const parts = condition.map((part) => {
        if (!isDoc(part)) throw new Failure('BadValue', `${operator} argument's entries must be objects`)
        return compileFilter(part, scope)
      })
      if (operator === '$and') return (doc) => parts.every((part) => part(doc))
      if (operator === '$or') return (doc) => parts.some((part) => part(doc))
      return (doc) => !parts.some((part) => part(doc))
    }
    case '$expr': {
      const compute = compileExpression(condition, scope)
      return (doc) => isTrue(compute(doc))
    }
    case '$comment':
      return undefined
    case '$alwaysTrue':
      return () => true
    case '$alwaysFalse':
      return () => false
    case '$sampleRate':
      return () => Math.random() < toNumber(condition)
    case '$text':
      throw new Failure('IndexNotFound', 'text index required for $text query')
    case '$where':
    case '$jsonSchema':
      throw new Failure('NotImplemented', `${operator} is not served by the embedded MongoDB`)
    default:
      throw new Failure(
        'BadValue',
        `unknown top level operator: ${operator}. If you have a field name that starts with a '$' symbol, consider using $getField or $setField.`,
      )
  }
}

/** What counts as true in an expression: everything but false, null, missing and zero. */
export function isTrue(value: Value): boolean {
  return !(value === false || value === null || value === undefined || (isNumeric(value) && toNumber(value) === 0))
}

function isOperators(condition: Value): condition is Doc {
  if (!isDoc(condition)) return false
  const [first] = Object.keys(condition)
  return first !== undefined && first.startsWith('$') && !['$ref', '$id', '$db'].includes(first)
}

function compileField(field: string, condition: Value, scope: Scope): Matches[] {
  const leaves = leavesOf(field)
  const some =
    (leaf: Leaf): Matches =>
    (doc) =>
      leaves(doc, leaf)
  if (condition instanceof BSONRegExp || condition instanceof RegExp) return [some(expand(equalOrMatches(condition)))]
  if (!isOperators(condition)) return [some(equals(condition))]
  return Object.entries(condition).flatMap(([operator, operand]): Matches[] => {
    const test = fieldOperator(operator, operand, condition, scope, some)
    return test ? [test] : []
  })
}

function fieldOperator(
  operator: string,
  operand: Value,
  siblings: Doc,
  scope: Scope,
  some: (leaf: Leaf) => Matches,
): Matches | undefined {
  switch (operator) {
    case '$eq':
      return some(equals(operand))
    case '$ne': {
      if (operand instanceof BSONRegExp) throw new Failure('BadValue', "Can't have regex as arg to $ne.")
      const equal = some(equals(operand))
      return (doc) => !equal(doc)
    }
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      if (operand instanceof BSONRegExp)
        throw new Failure('BadValue', `Can't have RegEx as arg to predicate over field.`)
      return some(expand(ordered(operator, operand)))
    case '$in':
      return some(isIn(operand, operator))
    case '$nin': {
      const within = some(isIn(operand, operator))
      return (doc) => !within(doc)
    }
    case '$exists': {
      const exists = some((value) => value !== undefined)
      return isTrue(operand) ? exists : (doc) => !exists(doc)
    }
    case '$type': {
      const numbers = (Array.isArray(operand) ? operand : [operand]).flatMap((name): number[] => {
        if (name === 'number') return [1, 16, 18, 19]
        const number = typeNumber(typeof name === 'string' ? name : toNumber(name))
        if (number === undefined) throw new Failure('BadValue', `Unknown type name alias: ${name}`)
        return [number]
      })
      return some(expand((value) => value !== undefined && numbers.some((number) => hasType(value, number))))
    }
    case '$regex': {
      if (typeof operand !== 'string' && !(operand instanceof BSONRegExp))
        throw new Failure('BadValue', '$regex has to be a string')
      const pattern = operand instanceof BSONRegExp ? operand.pattern : operand
      const options = siblings['$options'] ?? (operand instanceof BSONRegExp ? operand.options : '')
      return some(expand(matchesPattern(toRegExp(new BSONRegExp(pattern, options)))))
    }
    case '$options':
      if (!('$regex' in siblings)) throw new Failure('BadValue', '$options needs a $regex')
      return undefined
    case '$mod': {
      if (!Array.isArray(operand) || operand.length !== 2)
        throw new Failure('BadValue', 'malformed mod, needs 2 elements')
      const [divisor, rest] = operand.map((part) => Math.trunc(toNumber(part))) as [number, number]
      if (divisor === 0) throw new Failure('BadValue', 'divisor cannot be 0')
      return some(expand((value) => isNumeric(value) && Math.trunc(toNumber(value)) % divisor === rest))
    }
    case '$size': {
      const size = toNumber(operand)
      if (!Number.isInteger(size) || size < 0)
        throw new Failure(
          'FailedToParse',
          `Failed to parse $size. Expected a non-negative integer in: $size: ${operand}`,
        )
      return some((value) => Array.isArray(value) && value.length === size)
    }
    case '$all': {
      if (!Array.isArray(operand)) throw new Failure('BadValue', '$all needs an array')
      const parts = operand.map((part) =>
        isDoc(part) && '$elemMatch' in part
          ? some(elementMatches(part['$elemMatch'], scope))
          : some(equalsOrRegex(part)),
      )
      return (doc) => parts.length > 0 && parts.every((part) => part(doc))
    }
    case '$elemMatch':
      return some(elementMatches(operand, scope))
    case '$not': {
      const inner: Matches[] =
        operand instanceof BSONRegExp || operand instanceof RegExp
          ? [some(expand(matchesPattern(toRegExp(operand))))]
          : isOperators(operand)
            ? Object.entries(operand).flatMap(([name, value]): Matches[] => {
                const test = fieldOperator(name, value, operand, scope, some)
                return test ? [test] : []
              })
            : fail('$not needs a regex or a document')
      return (doc) => !inner.every((test) => test(doc))
    }
    case '$bitsAllSet':
    case '$bitsAnySet':
    case '$bitsAllClear':
    case '$bitsAnyClear':
      return some(expand(bits(operator, operand)))
    case '$comment':
      return undefined
    case '$near':
    case '$nearSphere':
    case '$geoWithin':
    case '$geoIntersects':
      throw new Failure('NotImplemented', `${operator} is not served by the embedded MongoDB`)
    default:
      throw new Failure('BadValue', `unknown operator: ${operator}`)
  }
}

function fail(message: string): never {
  throw new Failure('BadValue', message)
}

/** An array matches when it does itself or when one of its elements does. */
function expand(leaf: Leaf): Leaf {
  return (value) => leaf(value) || (Array.isArray(value) && value.some(leaf))
}

function equals(operand: Value): Leaf {
  if (operand === null || operand === undefined) return expand((value) => value === null || value === undefined)
  return expand((value) => value !== undefined && isSame(value, operand))
}

function equalsOrRegex(operand: Value): Leaf {
  return operand instanceof BSONRegExp ? expand(equalOrMatches(operand)) : equals(operand)
}

function equalOrMatches(operand: BSONRegExp | RegExp): Leaf {
  const matches = matchesPattern(toRegExp(operand))
  return (value) => matches(value) || (value instanceof BSONRegExp && isSame(value, operand))
}

function isIn(operand: Value, operator: string): Leaf {
  if (!Array.isArray(operand)) throw new Failure('BadValue', `${operator} needs an array`)
  if (operand.some(isOperators)) throw new Failure('BadValue', `cannot nest $ under ${operator}`)
  const texts = new Set(operand.filter((item) => typeof item === 'string'))
  const others = operand.filter((item) => typeof item !== 'string').map((item) => equalsOrRegex(item))
  const isListed: Leaf = (value) => typeof value === 'string' && texts.has(value)
  return (value) => expand(isListed)(value) || others.some((other) => other(value))
}

function ordered(operator: '$gt' | '$gte' | '$lt' | '$lte', operand: Value): Leaf {
  const wanted = operator === '$gt' ? [1] : operator === '$lt' ? [-1] : operator === '$gte' ? [1, 0] : [-1, 0]
  if (operand === null) return (value) => wanted.includes(0) && (value === null || value === undefined)
  const isEdge = operand instanceof MinKey || operand instanceof MaxKey
  const rank = rankOf(operand)
  const isNaN = isNumeric(operand) && Number.isNaN(toNumber(operand))
  return (value) => {
    if (value === undefined || (!isEdge && rankOf(value) !== rank)) return false
    const order = Math.sign(compare(value, operand))
    if (isNumeric(value) && Number.isNaN(toNumber(value)) !== isNaN) return false
    return wanted.includes(order)
  }
}

function matchesPattern(pattern: RegExp): Leaf {
  return (value) =>
    typeof value === 'string' ? pattern.test(value) : value instanceof BSONSymbol ? pattern.test(value.value) : false
}

export function toRegExp(pattern: BSONRegExp | RegExp): RegExp {
  if (pattern instanceof RegExp) return new RegExp(pattern.source, pattern.flags.replace('g', ''))
  let { pattern: source, options } = pattern
  const inline = /^\(\?([imsx]+)\)/.exec(source)
  if (inline) [source, options] = [source.slice(inline[0].length), options + inline[1]]
  if (options.includes('x')) source = source.replaceAll(/\\.|\s+|#.*$/gm, (part) => (part.startsWith('\\') ? part : ''))
  try {
    return new RegExp(source, [...new Set(options)].filter((flag) => 'imsu'.includes(flag)).join(''))
  } catch (error) {
    throw new Failure('BadPattern', `Regular expression is invalid: ${(error as Error).message}`)
  }
}

function elementMatches(operand: Value, scope: Scope): Leaf {
  if (!isDoc(operand)) throw new Failure('BadValue', '$elemMatch needs an Object')
  const first = Object.keys(operand)[0]
  if (first?.startsWith('$') && !['$and', '$or', '$nor', '$expr'].includes(first)) {
    const tests = compileField('v', operand, scope)
    return (value) => Array.isArray(value) && value.some((v) => tests.every((test) => test({ v })))
  }
  const matches = compileFilter(operand, scope)
  return (value) =>
    Array.isArray(value) && value.some((item) => (isDoc(item) || Array.isArray(item)) && matches(item as Doc))
}

function bits(operator: string, operand: Value): Leaf {
  let mask = 0n
  if (Array.isArray(operand)) for (const position of operand) mask |= 1n << BigInt(toNumber(position))
  else if (operand instanceof Binary) operand.value().forEach((byte, i) => (mask |= BigInt(byte) << BigInt(8 * i)))
  else mask = BigInt(toNumber(operand))
  return (value) => {
    let number: bigint
    if (value instanceof Binary)
      number = value.value().reduce((sum, byte, i) => sum | (BigInt(byte) << BigInt(8 * i)), 0n)
    else if (isNumeric(value) && Number.isInteger(toNumber(value))) number = BigInt(value.toString())
    else return false
    const set = number & mask
    if (operator === '$bitsAllSet') return set === mask
    if (operator === '$bitsAnySet') return set !== 0n
    return operator === '$bitsAllClear' ? set === 0n : set !== mask
  }
}

/** The conditions a filter sets on fields, looking into `$and`. */
export function conjuncts(filter: Doc): [string, Value][] {
  return Object.entries(filter).flatMap(([key, value]): [string, Value][] =>
    key === '$and' && Array.isArray(value) ? value.flatMap((part: Doc) => conjuncts(part)) : [[key, value]],
  )
}

type Leaves = (doc: Doc, test: Leaf) => boolean

/** Asks `test` about every value a dotted path leads to, through arrays as MongoDB goes; `undefined` is a missing one. */
export function leavesOf(path: string): Leaves {
  if (!path.includes('.')) return (doc, test) => test(doc[path])
  const parts = path.split('.')
  const walk = (node: Value, i: number, test: Leaf): boolean => {
    if (i === parts.length) return test(node)
    const part = parts[i]!
    if (Array.isArray(node)) {
      if (/^\d+$/.test(part) && Number(part) < node.length && walk(node[Number(part)], i + 1, test)) return true
      return node.some((item) => isDoc(item) && walk(item, i, test))
    }
    return isDoc(node) ? walk(node[part], i + 1, test) : test(undefined)
  }
  return (doc, test) => walk(doc, 0, test)
}
