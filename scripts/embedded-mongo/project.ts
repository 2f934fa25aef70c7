// Projections of find and of `$project`: what to keep, what to drop, what to compute.
import { compileExpression, type Scope } from './expressions.ts'
import { Failure } from './failure.ts'
import { compileFilter } from './match.ts'
import { getPath, setPath } from './paths.ts'
import { matchedPosition } from './positional.ts'
import { copy, isDoc, isNumeric, toNumber, type Doc, type Value } from './values.ts'

export type Project = (doc: Doc) => Doc

type Tree = Map<string, Tree | true>

/** `filter` is what find matched with, for the positional `$`; a pipeline has none. */
export function compileProjection(projection: Doc, scope: Scope, filter?: Doc): Project {
  const kept: string[] = []
  const dropped: string[] = []
  const computed: [string, (doc: Doc) => Value][] = []
  const slices: [string, Value][] = []
  let keepsId: boolean | undefined
  let positional: string | undefined
  let beganWithExclusion = false
  for (const [path, rule] of flatten(projection, '')) {
    const flag = typeof rule === 'boolean' ? rule : isNumeric(rule) ? toNumber(rule) !== 0 : undefined
    if (path === '_id' && flag !== undefined) keepsId = flag
    else if (path.endsWith('.$') && filter) kept.push((positional = path.slice(0, -2)))
    else if (flag !== undefined) {
      beganWithExclusion ||= !flag && kept.length === 0
      ;(flag ? kept : dropped).push(path)
    } else if (isDoc(rule) && '$slice' in rule && filter) slices.push([path, rule['$slice']])
    else if (isDoc(rule) && '$elemMatch' in rule && filter)
      computed.push([path, firstElement(path, rule['$elemMatch'], scope)])
    else if (isDoc(rule) && '$meta' in rule)
      throw new Failure('NotImplemented', '$meta is not served by the embedded MongoDB')
    else computed.push([path, compileExpression(rule, scope)])
  }
  const isInclusion =
    kept.length > 0 ||
    (computed.length > 0 && dropped.length === 0) ||
    (keepsId === true && dropped.length === 0 && slices.length === 0)
  if (kept.length > 0 && dropped.length > 0)
    throw beganWithExclusion
      ? new Failure('InclusionInExclusion', `Cannot do inclusion on field ${kept[0]} in exclusion projection`)
      : new Failure('ExclusionInInclusion', `Cannot do exclusion on field ${dropped[0]} in inclusion projection`)
  if (dropped.length > 0 && computed.length > 0 && !filter)
    throw new Failure(
      'BadValue',
      `Invalid $project :: caused by :: Cannot use an expression in an exclusion projection`,
    )
  if (isInclusion && keepsId !== false) kept.push('_id')
  if (!isInclusion && keepsId === false) dropped.push('_id')
  const tree = toTree(isInclusion ? [...kept, ...slices.map(([path]) => path)] : dropped)
  return (doc) => {
    const result = (isInclusion ? include(doc, tree) : exclude(doc, tree)) as Doc
    for (const [path, range] of slices) {
      const array = getPath(doc, path.split('.'))
      if (Array.isArray(array)) setPath(result, path.split('.'), copy(slice(array, range)))
    }
    if (positional) {
      const prefix = positional.split('.')
      setPath(result, prefix, [copy(getPath(doc, prefix)[matchedPosition(doc, prefix, filter!, scope)])])
    }
    for (const [path, compute] of computed) {
      const value = compute(doc)
      if (value !== undefined) setInto(result, path.split('.'), value)
    }
    return result
  }
}

/** `{a: {b: 1}}` means `a.b`; an object that holds an operator is an expression. */
function flatten(projection: Doc, prefix: string): [string, Value][] {
  return Object.entries(projection).flatMap(([key, rule]): [string, Value][] => {
    const path = prefix + key
    const inner = isDoc(rule) ? Object.keys(rule) : []
    if (inner.length > 0 && !inner[0]!.startsWith('$')) return flatten(rule, `${path}.`)
    return [[path, rule]]
  })
}

function toTree(paths: string[]): Tree {
  const root: Tree = new Map()
  for (const path of paths) {
    let node = root
    const parts = path.split('.')
    parts.forEach((part, i) => {
      const known = node.get(part)
      if (known === true && i < parts.length - 1) throw new Failure('BadValue', `Path collision at ${path}`)
      if (i === parts.length - 1) node.set(part, true)
      else {
        const next = known instanceof Map ? known : (new Map() as Tree)
        node.set(part, next)
        node = next
      }
    })
  }
  return root
}

function include(value: Value, tree: Tree): Value {
  if (Array.isArray(value))
    return value.filter((item) => isDoc(item) || Array.isArray(item)).map((item) => include(item, tree))
  const result: Doc = {}
  for (const key of Object.keys(value)) {
    const rule = tree.get(key)
    const inner = value[key]
    if (rule === true) result[key] = inner
    else if (rule && (isDoc(inner) || Array.isArray(inner))) result[key] = include(inner, rule)
  }
  return result
}

function exclude(value: Value, tree: Tree): Value {
  if (Array.isArray(value))
    return value.map((item) => (isDoc(item) || Array.isArray(item) ? exclude(item, tree) : item))
  const result: Doc = {}
  for (const key of Object.keys(value)) {
    const rule = tree.get(key)
    const inner = value[key]
    if (rule === true) continue
    result[key] = rule && (isDoc(inner) || Array.isArray(inner)) ? exclude(inner, rule) : inner
  }
  return result
}

/** Sets a computed field in every element of an array on the way, as `$project` and `$addFields` do. */
export function setInto(doc: Doc, path: string[], value: Value): void {
  const [first, ...rest] = path as [string, ...string[]]
  if (rest.length === 0) doc[first] = value
  else if (Array.isArray(doc[first])) doc[first] = doc[first].map((item: Value) => withInner(item, rest, value))
  else doc[first] = withInner(doc[first], rest, value)
}

function withInner(item: Value, rest: string[], value: Value): Doc {
  const inner = isDoc(item) ? { ...item } : {}
  setInto(inner, rest, value)
  return inner
}

function slice(array: Value[], range: Value): Value[] {
  if (!Array.isArray(range)) {
    const count = toNumber(range)
    return count >= 0 ? array.slice(0, count) : array.slice(count)
  }
  const [skip, limit] = range.map(toNumber) as [number, number]
  const start = skip >= 0 ? skip : Math.max(0, array.length + skip)
  return array.slice(start, start + limit)
}

function firstElement(path: string, condition: Doc, scope: Scope): (doc: Doc) => Value {
  const matches = compileFilter({ v: { $elemMatch: condition } }, scope)
  return (doc) => {
    const array = getPath(doc, path.split('.'))
    const found = Array.isArray(array) ? array.find((item) => matches({ v: [item] })) : undefined
    return found === undefined ? undefined : [found]
  }
}
