// What a filter says about an index: the stretches of its keys that can hold a match.
import { BSONRegExp, MaxKey, MinKey } from 'bson'
import type { Index } from './catalog.ts'
import { isDescending } from './index-keys.ts'
import { conjuncts } from './match.ts'
import { compare, keptKeyBytes, orderKey, rankOf, ranks } from './order.ts'
import { prefixKey } from './storage.ts'
import { isDoc, isNumeric, toNumber, type Doc, type Value } from './values.ts'

type Limit = { value: Value; inclusive: boolean }

/** `exact`: the bound says all that the filter says about this path. */
export type Bound = { points?: Value[]; low?: Limit; high?: Limit; textPrefix?: string; exists?: true; exact: boolean }
export type Bounds = Map<string, Bound>
/** `fixed`: how many bytes at the start of every key in it are the same. */
export type Interval = { start: Buffer; end: Buffer; fixed?: number }

const maxPoints = 10_000

/** Undefined conditions leave a path unbounded; the filter is applied to every document that is not an exact match. */
export function boundsOf(filter: Doc): { bounds: Bounds; hasOther: boolean } {
  const bounds: Bounds = new Map()
  let hasOther = false
  for (const [path, condition] of conjuncts(filter)) {
    if (path.startsWith('$')) {
      if (path !== '$comment') hasOther = true
    } else addCondition(bounds, path, condition)
  }
  return { bounds, hasOther }
}

function isPoint(value: Value): boolean {
  return !Array.isArray(value) && value !== undefined && !(value instanceof BSONRegExp) && !(value instanceof RegExp)
}

function addCondition(bounds: Bounds, path: string, condition: Value): void {
  const bound = bounds.get(path) ?? { exact: true }
  bounds.set(path, bound)
  const isOperators = isDoc(condition) && Object.keys(condition)[0]?.startsWith('$')
  if (condition instanceof BSONRegExp) {
    bound.exact = false
    addTextPrefix(bound, condition.pattern, condition.options)
  } else if (!isOperators) addPoints(bound, [condition])
  else
    for (const [operator, operand] of Object.entries(condition))
      addOperator(bounds, bound, path, operator, operand, condition)
}

function addPoints(bound: Bound, points: Value[]): void {
  const isRepeated = bound.points !== undefined
  if (isRepeated || !points.every(isPoint) || points.some((point) => point === null)) bound.exact = false
  if (!isRepeated && points.every(isPoint) && points.length <= maxPoints) bound.points = points
}

function addOperator(
  bounds: Bounds,
  bound: Bound,
  path: string,
  operator: string,
  operand: Value,
  siblings: Doc,
): void {
  switch (operator) {
    case '$eq':
      return addPoints(bound, [operand])
    case '$in':
      return addPoints(bound, Array.isArray(operand) ? operand : [undefined])
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte': {
      const isOrdered =
        isPoint(operand) &&
        operand !== null &&
        !(operand instanceof MinKey) &&
        !(operand instanceof MaxKey) &&
        !(isNumeric(operand) && Number.isNaN(toNumber(operand)))
      const side = operator.startsWith('$g') ? 'low' : 'high'
      if (!isOrdered || bound[side]) bound.exact = false
      else bound[side] = { value: operand, inclusive: operator.endsWith('e') }
      // NaN is a number to the index and no number to a comparison.
      if (isNumeric(operand) && !(bound.low && bound.high)) bound.exact = bound.exact && side === 'low'
      if (bound.low && bound.high && rankOf(bound.low.value) !== rankOf(bound.high.value)) bound.exact = false
      return
    }
    case '$exists':
      bound.exact = false
      if (operand === true || (isNumeric(operand) && toNumber(operand) !== 0)) bound.exists = true
      return
    case '$regex':
      bound.exact = false
      return addTextPrefix(
        bound,
        operand instanceof BSONRegExp ? operand.pattern : operand,
        siblings['$options'] ?? operand.options ?? '',
      )
    case '$all':
      bound.exact = false
      if (Array.isArray(operand) && operand.length > 0 && isPoint(operand[0]) && !isDoc(operand[0]))
        addPoints(bound, [operand[0]])
      return
    case '$elemMatch':
      bound.exact = false
      if (isDoc(operand) && !Object.keys(operand).some((key) => key.startsWith('$')))
        for (const [inner, condition] of Object.entries(operand)) {
          addCondition(bounds, `${path}.${inner}`, condition)
          bounds.get(`${path}.${inner}`)!.exact = false
        }
      return
    default:
      bound.exact = false
  }
}

function addTextPrefix(bound: Bound, pattern: string, options: string): void {
  const prefix = /^\^((?:[^\\.*+?()[\]{}|^$]|\\[^\w])+)(?![*?{])/.exec(pattern)?.[1]?.replaceAll(/\\(.)/g, '$1')
  if (!prefix || options.includes('i') || options.includes('x') || pattern.includes('|')) return
  const isLastOptional = /[*?{]/.test(pattern[prefix.length + 1] ?? '')
  bound.textPrefix = isLastOptional ? prefix.slice(0, -1) : prefix
}

/** Whether a document that satisfies the bound has the field at all, as a sparse index needs. */
export function provesPresence(bound: Bound | undefined): boolean {
  if (!bound) return false
  return (
    bound.exists === true ||
    bound.low !== undefined ||
    bound.high !== undefined ||
    bound.textPrefix !== undefined ||
    (bound.points?.every((point) => point !== null) ?? false)
  )
}

/** Every key continues with a byte between these two: an end marker or a rank, turned over or not. */
const below = Buffer.from([0x01])
const above = Buffer.from([0xff])
/** An index's number before each of its keys. */
const idBytes = 4

export type Covered = {
  intervals: Interval[]
  equal: number
  isRanged: boolean
  isSingle: boolean[]
  exactPaths: Set<string>
}

export function cover(index: Index, bounds: Bounds): Covered {
  let prefixes: Buffer[] = [Buffer.alloc(0)]
  let bounded: Interval[] | undefined
  const isSingle: boolean[] = []
  const exactPaths = new Set<string>()
  let hasArrayBound = false
  let equal = 0
  for (const [position, [path, direction]] of Object.entries(index.key).entries()) {
    const bound = bounds.get(path)
    const isArray = index.multikey.includes(position)
    if (!bound || (isArray && hasArrayBound)) break
    hasArrayBound ||= isArray
    const descending = isDescending(direction)
    if (bound.points && prefixes.length * bound.points.length <= maxPoints) {
      const keys = bound.points.map((point) => orderKey(point, descending))
      prefixes = prefixes.flatMap((prefix) => keys.map((key) => Buffer.concat([prefix, key])))
      isSingle[position] = keys.length === 1
      equal += 1
      if (bound.exact && !isArray) exactPaths.add(path)
      continue
    }
    const stretch = stretchOf(bound, descending, isArray)
    if (stretch) {
      bounded = prefixes.map((prefix) => ({
        start: Buffer.concat([prefix, stretch.start]),
        end: Buffer.concat([prefix, stretch.end]),
        fixed: prefix.length,
      }))
      if (bound.exact && !isArray) exactPaths.add(path)
    }
    break
  }
  const stretches =
    bounded ??
    prefixes.map((prefix) =>
      prefix.length === 0
        ? { start: prefix, end: above }
        : { start: Buffer.concat([prefix, below]), end: Buffer.concat([prefix, above]), fixed: prefix.length },
    )
  const isRanged = bounded !== undefined
  const intervals = stretches.map(({ start, end, fixed = 0 }) => ({
    start: prefixKey(index.id, start.subarray(0, keptKeyBytes)),
    end: prefixKey(index.id, cutEnd(end)),
    fixed: idBytes + fixed,
  }))
  intervals.sort((a, b) => Buffer.compare(a.start, b.start))
  const distinct = intervals.filter((interval, i) => i === 0 || !interval.start.equals(intervals[i - 1]!.start))
  return { intervals: distinct, equal, isRanged, isSingle, exactPaths: index.isCut ? new Set() : exactPaths }
}

/** The end of a cut key must lie after every digest. */
function cutEnd(end: Buffer): Buffer {
  return end.length <= keptKeyBytes ? end : Buffer.concat([end.subarray(0, keptKeyBytes), Buffer.alloc(21, 0xff)])
}

function stretchOf(bound: Bound, descending: boolean, isArray: boolean): Interval | undefined {
  if (bound.textPrefix !== undefined) {
    const prefix = orderKey(bound.textPrefix).subarray(0, -1)
    if (descending) for (let i = 0; i < prefix.length; i++) prefix[i] = ~prefix[i]! & 0xff
    return { start: prefix, end: Buffer.concat([prefix, above]) }
  }
  let { low, high } = bound
  if (!low && !high) return undefined
  // Two elements of one array may satisfy one side each, so only one side bounds.
  if (isArray && low && high) high = undefined
  if (low && high && rankOf(low.value) !== rankOf(high.value)) high = undefined
  const rank = rankOf((low ?? high)!.value)
  const bracket = descending ? 0xff - rank : rank
  const lower = (limit: Limit): Buffer => Buffer.concat([orderKey(limit.value, descending), below])
  const upper = (limit: Limit): Buffer => Buffer.concat([orderKey(limit.value, descending), above])
  const [first, last] = descending ? [high, low] : [low, high]
  return {
    start: first ? (first.inclusive ? lower(first) : upper(first)) : Buffer.from([bracket]),
    end: last ? (last.inclusive ? upper(last) : lower(last)) : Buffer.from([bracket + 1]),
  }
}

/** Whether everything the filter can match is in the partial index. */
export function implies(
  bounds: Bounds,
  filter: Doc,
  partial: Doc,
  satisfies: (partial: Doc, value: Value, path: string) => boolean,
): boolean {
  const given = conjuncts(filter)
  return conjuncts(partial).every(([path, condition]) => {
    if (
      given.some(
        ([other, value]) => other === path && rankOf(value) === rankOf(condition) && compare(value, condition) === 0,
      )
    )
      return true
    const bound = bounds.get(path)
    if (!bound || path.startsWith('$')) return false
    if (bound.points) return bound.points.every((point) => satisfies({ [path]: condition }, point, path))
    const operators = isDoc(condition) ? Object.entries(condition) : []
    return (
      operators.length > 0 &&
      operators.every(([operator, operand]) => {
        if (operator === '$exists') return operand === true && provesPresence(bound)
        const limit = operator.startsWith('$g') ? bound.low : operator.startsWith('$l') ? bound.high : undefined
        if (!limit || rankOf(limit.value) !== rankOf(operand) || rankOf(operand) === ranks.null) return false
        const order = compare(limit.value, operand) * (operator.startsWith('$g') ? 1 : -1)
        return order > 0 || (order === 0 && (operator.endsWith('e') || !limit.inclusive))
      })
    )
  })
}
