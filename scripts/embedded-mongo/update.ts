// long: the update language, one row per operator
// An update is compiled once and applied to each document; fields are written in the order MongoDB writes them.
import { BSONRegExp, Long, ObjectId, Timestamp } from 'bson'
import { add, multiply, requireNumber } from './arithmetic.ts'
import type { Scope } from './expressions.ts'
import { Failure } from './failure.ts'
import { compileFilter, conjuncts } from './match.ts'
import { compare, isIdentical, isSame } from './order.ts'
import { getPath, setPath, unsetPath } from './paths.ts'
import { runOnOne } from './pipeline.ts'
import { matchedPosition } from './positional.ts'
import { sortComparator } from './sorting.ts'
import { copy, isDoc, isNumeric, toNumber, typeName, type Doc, type Value } from './values.ts'

/** Changes `doc` in place, or returns what replaces it. */
export type Change = (doc: Doc, isInsert: boolean) => Doc

type Apply = (doc: Doc, path: string[], operand: Value, scope: Scope) => void
type Step = { path: string[]; apply: Apply; operand: Value; onlyOnInsert: boolean }

export function compileUpdate(update: Value, filter: Doc, arrayFilters: Doc[], scope: Scope): Change {
  if (Array.isArray(update)) return (doc) => keepId(doc, runOnOne(doc, update, scope))
  if (!isDoc(update)) throw new Failure('FailedToParse', 'Update argument must be either an object or an array')
  const names = Object.keys(update)
  if (!names[0]?.startsWith('$')) {
    const dollar = names.find((name) => name.startsWith('$'))
    if (dollar)
      throw new Failure(
        'DollarPrefixedFieldName',
        `The dollar ($) prefixed field '${dollar}' is not allowed in the context of an update's replacement document.`,
      )
    return (doc) => keepId(doc, copy(update))
  }
  const steps = names.flatMap((name) => stepsOf(name, update[name]))
  for (const [i, a] of steps.entries())
    for (const b of steps.slice(i + 1))
      if (isPrefix(a.path, b.path) || isPrefix(b.path, a.path))
        throw new Failure(
          'ConflictingUpdateOperators',
          `Updating the path '${b.path.join('.')}' would create a conflict at '${(a.path.length < b.path.length ? a : b).path.join('.')}'`,
        )
  const filters = compileArrayFilters(arrayFilters, steps, scope)
  return (doc, isInsert) => {
    const id = doc['_id']
    const concrete = steps
      .filter((step) => isInsert || !step.onlyOnInsert)
      .flatMap((step) => concretePaths(doc, step.path, filters, filter, scope).map((path) => ({ ...step, path })))
    concrete.sort((a, b) => comparePaths(a.path, b.path))
    for (const { path, apply, operand } of concrete) apply(doc, path, operand, scope)
    if (id !== undefined && !isIdentical(id, doc['_id']))
      throw new Failure(
        'ImmutableField',
        `Performing an update on the path '_id' would modify the immutable field '_id'`,
      )
    return doc
  }
}

/** A replacement keeps the document's `_id`, in front. */
function keepId(before: Doc, after: Doc): Doc {
  const id = before['_id']
  if (id === undefined) return after
  if (after['_id'] !== undefined && !isSame(after['_id'], id))
    throw new Failure(
      'ImmutableField',
      `After applying the update, the (immutable) field '_id' was found to have been altered to _id: ${String(after['_id'])}`,
    )
  const { _id: _dropped, ...rest } = after
  return { _id: id, ...rest }
}

function stepsOf(name: string, fields: Value): Step[] {
  const apply = operators[name]
  if (!apply)
    throw new Failure(
      'FailedToParse',
      `Unknown modifier: ${name}. Expected a valid update modifier or pipeline-style update specified as an array`,
    )
  if (!isDoc(fields))
    throw new Failure(
      'FailedToParse',
      `Modifiers operate on fields but we found type ${typeName(fields)} instead. For example: {$mod: {<field>: ...}} not {${name}: ${String(fields)}}`,
    )
  return Object.entries(fields).flatMap(([field, operand]): Step[] => {
    const path = field.split('.')
    if (path.includes(''))
      throw new Failure('BadValue', `The update path '${field}' contains an empty field name, which is not allowed.`)
    if (path[0]!.startsWith('$'))
      throw new Failure(
        'DollarPrefixedFieldName',
        `The dollar ($) prefixed field '${field}' is not allowed in the context of an update.`,
      )
    const step = { path, apply, operand, onlyOnInsert: name === '$setOnInsert' }
    if (name === '$pop' && !(isNumeric(operand) && Math.abs(toNumber(operand)) === 1))
      throw new Failure('FailedToParse', `$pop expects 1 or -1, found: ${String(operand)}`)
    if (name !== '$rename') return [step]
    if (typeof operand !== 'string')
      throw new Failure('BadValue', `The 'to' field for $rename must be a string: ${field}: ${String(operand)}`)
    if (operand === field)
      throw new Failure('BadValue', `The source and target field for $rename must differ: ${field}: "${operand}"`)
    return [step, { path: operand.split('.'), apply: () => undefined, operand: undefined, onlyOnInsert: false }]
  })
}

function isPrefix(a: string[], b: string[]): boolean {
  return a.length <= b.length && a.every((part, i) => part === b[i])
}

function comparePaths(a: string[], b: string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] === b[i]) continue
    const [x, y] = [Number(a[i]), Number(b[i])]
    return Number.isInteger(x) && Number.isInteger(y) ? x - y : a[i]! < b[i]! ? -1 : 1
  }
  return a.length - b.length
}

type ArrayFilters = Map<string, (item: Value) => boolean>

function compileArrayFilters(arrayFilters: Doc[], steps: Step[], scope: Scope): ArrayFilters {
  const compiled: ArrayFilters = new Map()
  for (const filter of arrayFilters) {
    const name = identifierOf(filter)
    if (!name)
      throw new Failure('FailedToParse', 'Cannot use an expression without a top-level field name in arrayFilters')
    if (compiled.has(name))
      throw new Failure('FailedToParse', `Found multiple array filters with the same top-level field name ${name}`)
    if (!steps.some((step) => step.path.includes(`$[${name}]`)))
      throw new Failure('FailedToParse', `The array filter for identifier '${name}' was not used in the update { }`)
    const matches = compileFilter(filter, scope)
    compiled.set(name, (item) => matches({ [name]: item }))
  }
  return compiled
}

function identifierOf(filter: Doc): string | undefined {
  for (const [key, value] of Object.entries(filter)) {
    if (!key.startsWith('$')) return key.split('.')[0]
    if (Array.isArray(value)) for (const part of value) return identifierOf(part as Doc)
  }
  return undefined
}

function concretePaths(doc: Doc, path: string[], filters: ArrayFilters, filter: Doc, scope: Scope): string[][] {
  let paths: string[][] = [[]]
  for (const part of path) {
    if (!part.startsWith('$')) {
      for (const prefix of paths) prefix.push(part)
      continue
    }
    paths = paths.flatMap((prefix) => {
      const array = getPath(doc, prefix)
      if (part === '$') return [[...prefix, String(matchedPosition(doc, prefix, filter, scope))]]
      const name = part.slice(2, -1)
      const test = filters.get(name)
      if (name !== '' && !test)
        throw new Failure('BadValue', `No array filter found for identifier '${name}' in path '${path.join('.')}'`)
      if (!Array.isArray(array))
        throw new Failure(
          'BadValue',
          `The path '${prefix.join('.')}' must exist in the document in order to apply array updates.`,
        )
      return array.flatMap((item, i) => (!test || test(item) ? [[...prefix, String(i)]] : []))
    })
  }
  return paths
}

/** What an upsert inserts before its update is applied: the filter's equalities. */
export function upsertSeed(filter: Doc): Doc {
  const seed: Doc = {}
  for (const [key, value] of conjuncts(filter)) {
    if (key === '$or' && Array.isArray(value) && value.length === 1) Object.assign(seed, upsertSeed(value[0] as Doc))
    if (key.startsWith('$') || value instanceof BSONRegExp) continue
    const operators = isDoc(value) && Object.keys(value)[0]?.startsWith('$') ? value : undefined
    const equal = operators
      ? '$eq' in operators
        ? operators['$eq']
        : isSingle(operators['$in'])
          ? operators['$in'][0]
          : undefined
      : value
    if (operators && equal === undefined) continue
    if (key === '_id') Object.assign(seed, { _id: equal })
    else setPath(seed, key.split('.'), copy(equal))
  }
  return seed
}

const isSingle = (list: Value): boolean => Array.isArray(list) && list.length === 1

export function withId(doc: Doc): Doc {
  if (doc['_id'] === undefined) return { _id: new ObjectId(), ...doc }
  if (Object.keys(doc)[0] === '_id') return doc
  const { _id, ...rest } = doc
  return { _id, ...rest }
}

const numberStep =
  (name: string, combine: (a: Value, b: Value) => Value, initial: (operand: Value) => Value): Apply =>
  (doc, path, operand) => {
    requireNumber(
      operand,
      `Cannot ${name === '$inc' ? 'increment' : 'multiply'} with non-numeric argument: {${path.join('.')}: ${String(operand)}}`,
    )
    const value = getPath(doc, path)
    if (value === undefined) return setPath(doc, path, initial(operand))
    requireNumber(
      value,
      `Cannot apply ${name} to a value of non-numeric type. {_id: ${String(doc['_id'])}} has the field '${path.at(-1)}' of non-numeric type ${typeName(value)}`,
    )
    setPath(doc, path, combine(value, operand))
  }

const extreme =
  (sign: number): Apply =>
  (doc, path, operand) => {
    const value = getPath(doc, path)
    if (value === undefined || compare(operand, value) * sign > 0) setPath(doc, path, copy(operand))
  }

/** The array an operator works on; undefined where there is none. */
function arrayAt(doc: Doc, path: string[], name: string): Value[] | undefined {
  const value = getPath(doc, path)
  if (value === undefined) return undefined
  if (!Array.isArray(value))
    throw new Failure(
      'BadValue',
      `The field '${path.join('.')}' must be an array but is of type ${typeName(value)} in document {_id: ${String(doc['_id'])}} (${name})`,
    )
  return value
}

const operators: Record<string, Apply> = {
  $set: (doc, path, operand) => setPath(doc, path, copy(operand)),
  $setOnInsert: (doc, path, operand) => setPath(doc, path, copy(operand)),
  $unset: (doc, path) => unsetPath(doc, path),
  $inc: numberStep('$inc', add, (operand) => operand),
  $mul: numberStep('$mul', multiply, (operand) => multiply(operand, 0)),
  $min: extreme(-1),
  $max: extreme(1),
  $rename: (doc, path, operand) => {
    const value = getPath(doc, path)
    if (value === undefined) return
    unsetPath(doc, path)
    setPath(doc, (operand as string).split('.'), value)
  },
  $currentDate: (doc, path, operand, scope) => {
    const wantsTimestamp = isDoc(operand) && operand['$type'] === 'timestamp'
    setPath(doc, path, wantsTimestamp ? new Timestamp({ t: Math.floor(scope.now.getTime() / 1000), i: 1 }) : scope.now)
  },
  $bit: (doc, path, operand) => {
    const before = getPath(doc, path) ?? 0
    const isLong = before instanceof Long
    let bits = BigInt(before.toString())
    for (const [name, mask] of Object.entries(operand as Doc)) {
      const number = BigInt(mask.toString())
      if (name === 'and') bits &= number
      else if (name === 'or') bits |= number
      else if (name === 'xor') bits ^= number
      else throw new Failure('BadValue', `The $bit modifier only supports 'and', 'or', and 'xor', not '${name}'`)
    }
    setPath(doc, path, isLong ? Long.fromBigInt(bits) : Number(BigInt.asIntN(32, bits)))
  },
  $push: (doc, path, operand) => {
    const isPlain = !isDoc(operand) || !('$each' in operand)
    const items: Value[] = isPlain ? [operand] : operand['$each']
    if (!Array.isArray(items)) throw new Failure('BadValue', `The argument to $each in $push must be an array`)
    let array = [...(arrayAt(doc, path, '$push') ?? [])]
    const position = isPlain || operand['$position'] === undefined ? array.length : toNumber(operand['$position'])
    array.splice(position, 0, ...items.map(copy))
    if (!isPlain && operand['$sort'] !== undefined) array.sort(elementComparator(operand['$sort']))
    if (!isPlain && operand['$slice'] !== undefined) {
      const slice = toNumber(operand['$slice'])
      array = slice >= 0 ? array.slice(0, slice) : array.slice(slice)
    }
    setPath(doc, path, array)
  },
  $addToSet: (doc, path, operand) => {
    const items: Value[] = isDoc(operand) && '$each' in operand ? operand['$each'] : [operand]
    const array = [...(arrayAt(doc, path, '$addToSet') ?? [])]
    for (const item of items) if (!array.some((known) => isSame(known, item))) array.push(copy(item))
    setPath(doc, path, array)
  },
  $pop: (doc, path, operand) => {
    const value = getPath(doc, path)
    if (value !== undefined && !Array.isArray(value))
      throw new Failure(
        'TypeMismatch',
        `Path '${path.join('.')}' contains an element of non-array type '${typeName(value)}'`,
      )
    const array = value as Value[] | undefined
    if (array) setPath(doc, path, toNumber(operand) < 0 ? array.slice(1) : array.slice(0, -1))
  },
  $pull: (doc, path, operand, scope) => {
    const array = arrayAt(doc, path, '$pull')
    if (!array) return
    const isCondition =
      operand instanceof BSONRegExp || (isDoc(operand) && Object.keys(operand)[0]?.startsWith('$') === true)
    let drops: (item: Value) => boolean
    if (isCondition) {
      const matches = compileFilter({ v: operand }, scope)
      drops = (item) => matches({ v: item })
    } else if (isDoc(operand)) {
      const matches = compileFilter(operand, scope)
      drops = (item) => isDoc(item) && matches(item)
    } else drops = (item) => isSame(item, operand)
    setPath(
      doc,
      path,
      array.filter((item) => !drops(item)),
    )
  },
  $pullAll: (doc, path, operand) => {
    const array = arrayAt(doc, path, '$pullAll')
    if (array)
      setPath(
        doc,
        path,
        array.filter((item) => !(operand as Value[]).some((gone) => isSame(item, gone))),
      )
  },
}

function elementComparator(sort: Value): (a: Value, b: Value) => number {
  if (isNumeric(sort)) return (a, b) => compare(a, b) * toNumber(sort)
  return sortComparator(sort as Doc)
}
