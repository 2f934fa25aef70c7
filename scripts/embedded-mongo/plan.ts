// Which index serves a query: the longest run of equalities, then an order that needs no sorting, then a range.
import { cover, boundsOf, implies, provesPresence, type Bounds, type Covered } from './bounds.ts'
import type { Collection, Index } from './catalog.ts'
import { Failure } from './failure.ts'
import { isDescending } from './index-keys.ts'
import { compileFilter } from './match.ts'
import { isIdentical } from './order.ts'
import { setPath } from './paths.ts'
import { isDoc, type Doc, type Value } from './values.ts'

export type IndexScan = {
  kind: 'index'
  index: Index
  covered: Covered
  reverse: boolean
  isSorted: boolean
  /** In order only when its stretches are merged: several equal values stand before what is sorted by. */
  isMerged: boolean
  isExact: boolean
}
export type Plan =
  | IndexScan
  | { kind: 'collection'; reverse: boolean; isSorted: boolean; isExact: boolean }
  | { kind: 'or'; plans: IndexScan[]; isSorted: false; isExact: false }

export type Query = { filter: Doc; sort?: Doc | undefined; hint?: Value; limit?: number }

const scope = { now: new Date(0), variables: {} }

export function choosePlan(collection: Collection | undefined, { filter, sort, hint, limit }: Query): Plan {
  const wantsNatural = natural(sort) ?? natural(hint)
  if (!collection || wantsNatural !== undefined)
    return {
      kind: 'collection',
      reverse: wantsNatural === -1,
      isSorted: natural(sort) !== undefined || !hasSort(sort),
      isExact: false,
    }
  const { bounds, hasOther } = boundsOf(filter)
  const hinted = hint === undefined ? undefined : findHinted(collection, hint)
  const candidates = (
    hinted ? [hinted] : collection.indexes.filter((index) => !index.hidden && isUsable(index, bounds, filter))
  ).map((index) => score(index, bounds, hasOther, sort, limit))
  const best = candidates.reduce<(IndexScan & { points: number }) | undefined>(
    (kept, next) => (!kept || next.points > kept.points ? next : kept),
    undefined,
  )
  if (best && (hinted || best.points > 0)) return best
  const either = filter['$or'] as unknown
  if (Array.isArray(either)) {
    const { $or: _either, ...rest } = filter
    const plans = either.map((part: Doc) => choosePlan(collection, { filter: { $and: [part, rest] } }))
    if (plans.every((plan) => plan.kind === 'index')) return { kind: 'or', plans, isSorted: false, isExact: false }
  }
  return { kind: 'collection', reverse: false, isSorted: !hasSort(sort), isExact: Object.keys(filter).length === 0 }
}

const hasSort = (sort: Doc | undefined): boolean => sort !== undefined && Object.keys(sort).length > 0

function natural(spec: Value): number | undefined {
  if (!isDoc(spec) || !('$natural' in spec)) return undefined
  return isDescending(spec['$natural']) ? -1 : 1
}

function findHinted(collection: Collection, hint: Value): Index {
  const found = collection.indexes.find((index) =>
    typeof hint === 'string' ? index.name === hint : isIdentical(index.key, hint),
  )
  if (!found || found.hidden)
    throw new Failure(
      'BadValue',
      'error processing query: planner returned error :: caused by :: hint provided does not correspond to an existing index',
    )
  return found
}

function isUsable(index: Index, bounds: Bounds, filter: Doc): boolean {
  if (index.sparse && !Object.keys(index.key).some((path) => provesPresence(bounds.get(path)))) return false
  if (!index.partial) return true
  return implies(bounds, filter, index.partial, (partial, value, path) => {
    const doc: Doc = {}
    setPath(doc, path.split('.'), value)
    return compileFilter(partial, scope)(doc)
  })
}

function score(
  index: Index,
  bounds: Bounds,
  hasOther: boolean,
  sort: Doc | undefined,
  limit: number | undefined,
): IndexScan & { points: number } {
  const covered = cover(index, bounds)
  const order = hasSort(sort) ? orderOf(index, covered, sort!) : undefined
  const isComplete = index.unique && covered.equal === Object.keys(index.key).length && covered.intervals.length === 1
  const points =
    covered.equal * 10 + (order !== undefined ? (limit ? 6 : 4) : 0) + (covered.isRanged ? 5 : 0) + (isComplete ? 3 : 0)
  const isExact =
    !hasOther &&
    index.multikey.length === 0 &&
    [...bounds].every(([path, bound]) => bound.exact && covered.exactPaths.has(path))
  return {
    kind: 'index',
    index,
    covered,
    reverse: order?.way === -1,
    isSorted: !hasSort(sort) || order !== undefined,
    isMerged: order?.isMerged ?? false,
    isExact,
    points,
  }
}

/** As in MongoDB: with more stretches than that, sorting is cheaper than merging them. */
const maxMerged = 200

/** `way` is 1 when the index gives the order read forwards, -1 backwards; undefined when it does not. */
function orderOf(index: Index, covered: Covered, sort: Doc): { way: 1 | -1; isMerged: boolean } | undefined {
  const wanted = Object.entries(sort).filter(([path]) => !isFixed(index, covered, path))
  let way: 1 | -1 | undefined
  let next = 0
  let isMerged = false
  for (const [position, [path, direction]] of Object.entries(index.key).entries()) {
    if (next === wanted.length) break
    if (wanted[next]![0] !== path) {
      if (covered.isSingle[position]) continue
      if (next > 0 || position >= covered.equal || covered.intervals.length > maxMerged) return undefined
      isMerged = true
      continue
    }
    if (isMerged && position < covered.equal) return undefined
    if (index.isCut || index.multikey.includes(position)) return undefined
    const here = isDescending(direction) === isDescending(wanted[next]![1]) ? 1 : -1
    if (way !== undefined && way !== here) return undefined
    way = here
    next += 1
  }
  return next === wanted.length ? { way: way ?? 1, isMerged } : undefined
}

function isFixed(index: Index, covered: Covered, path: string): boolean {
  const position = Object.keys(index.key).indexOf(path)
  return position >= 0 && covered.isSingle[position] === true && !index.multikey.includes(position)
}
