// Carrying out a plan: documents in the plan's order, read in growing pieces so that nothing stays open in between.
import type { Collection } from './catalog.ts'
import { recordOf, version, type Data, type Store } from './data.ts'
import { Failure } from './failure.ts'
import type { Matches } from './match.ts'
import type { IndexScan, Plan } from './plan.ts'
import { compileSort } from './sorting.ts'
import { sequenceKey, type Entry, type RangeRequest } from './storage.ts'
import { decode, type Doc } from './values.ts'

export type Found = { record: number; bytes: Buffer; doc?: Doc }
export type Effort = { keys: number; documents: number }

/** A point on `performance.now()`'s clock after which a command gives up. */
export type Deadline = number | undefined

const firstPiece = 32
const largestPiece = 1024
const checkEvery = 256

export function checkDeadline(deadline: Deadline): void {
  if (deadline !== undefined && performance.now() > deadline)
    throw new Failure('MaxTimeMSExpired', 'operation exceeded time limit')
}

export type ScanRequest = {
  store: Store
  data: Data
  collection: Collection
  plan: Plan
  matches: Matches
  sort?: Doc | undefined
  deadline?: Deadline
  effort?: Effort
  pieceSize?: number
}

export function* scan(request: ScanRequest): Generator<Found> {
  const { data, collection, plan, sort } = request
  const overlay = data.overlay(collection)
  const mustSort =
    sort !== undefined &&
    (!plan.isSorted || (overlay !== undefined && overlay.size > 0 && Object.keys(sort).length > 0))
  if (!mustSort) return yield* matching(request)
  const key = compileSort(sort)
  const sorted = Array.from(matching(request), (found) => ({ found, key: key(docOf(found)) }))
  sorted.sort((a, b) => Buffer.compare(a.key, b.key))
  for (const { found } of sorted) yield { record: found.record, bytes: found.bytes }
}

export function docOf(found: Found): Doc {
  return (found.doc ??= decode(found.bytes))
}

function* matching({
  store,
  data,
  collection,
  plan,
  matches,
  deadline,
  effort,
  pieceSize,
}: ScanRequest): Generator<Found> {
  const overlay = data.overlay(collection)
  let seen = 0
  for (const record of records(store, data, collection, plan, effort, pieceSize)) {
    if (++seen % checkEvery === 0) checkDeadline(deadline)
    if (overlay?.has(record.record)) continue
    const bytes =
      record.bytes ??
      store.storage.get(store.storage.documents, sequenceKey(collection.id, record.record), data.snapshot)
    if (!bytes) continue
    if (effort) effort.documents += 1
    const found: Found = { record: record.record, bytes }
    if (plan.isExact || matches(docOf(found))) yield found
  }
  for (const [record, changed] of overlay ?? [])
    if (changed && matches(changed.doc)) yield { record, bytes: changed.bytes }
}

type Candidate = { record: number; bytes?: Buffer }

function* records(
  store: Store,
  data: Data,
  collection: Collection,
  plan: Plan,
  effort: Effort | undefined,
  pieceSize = firstPiece,
): Generator<Candidate> {
  if (plan.kind === 'index') return yield* indexRecords(store, data, plan, effort, pieceSize)
  if (plan.kind === 'or') {
    const seen = new Set<number>()
    for (const part of plan.plans)
      for (const candidate of indexRecords(store, data, part, effort, pieceSize))
        if (!seen.has(candidate.record)) {
          seen.add(candidate.record)
          yield candidate
        }
    return
  }
  const request = {
    start: sequenceKey(collection.id, 0),
    end: sequenceKey(collection.id + 1, 0),
    reverse: plan.reverse,
  }
  for (const entry of pieces(
    request,
    (piece) => store.storage.range(store.storage.documents, { ...piece, ...at(data) }),
    pieceSize,
  ))
    yield { record: entry.key.readUIntBE(4, 6), bytes: entry.value }
}

function* indexRecords(
  store: Store,
  data: Data,
  plan: IndexScan,
  effort: Effort | undefined,
  pieceSize: number,
): Generator<Candidate> {
  const { index, covered, reverse } = plan
  const seen = index.multikey.length > 0 ? new Set<number>() : undefined
  const intervals = reverse ? covered.intervals.toReversed() : covered.intervals
  const stretches = intervals.map(({ start, end, fixed = 0 }) => ({
    fixed,
    entries: pieces({ start, end, reverse }, (piece) => store.indexEntries({ ...piece, ...at(data) }), pieceSize),
  }))
  for (const entry of plan.isMerged ? merged(stretches, reverse) : chained(stretches)) {
    if (effort) effort.keys += 1
    const record = recordOf(entry)
    if (seen?.has(record)) continue
    seen?.add(record)
    yield { record }
  }
}

type Stretch = { fixed: number; entries: Generator<Entry> }

function* chained(stretches: Stretch[]): Generator<Entry> {
  for (const { entries } of stretches) yield* entries
}

/** By what follows the bytes that differ between the stretches. */
function* merged(stretches: Stretch[], reverse: boolean): Generator<Entry> {
  const way = reverse ? -1 : 1
  const heads = stretches.flatMap(({ fixed, entries }) => {
    const { value } = entries.next()
    return value ? [{ fixed, entries, entry: value as Entry }] : []
  })
  while (heads.length > 0) {
    let first = 0
    for (let i = 1; i < heads.length; i += 1) {
      const [a, b] = [heads[i]!, heads[first]!]
      if (way * Buffer.compare(a.entry.key.subarray(a.fixed), b.entry.key.subarray(b.fixed)) < 0) first = i
    }
    const head = heads[first]!
    yield head.entry
    const { value } = head.entries.next()
    if (value) head.entry = value as Entry
    else heads.splice(first, 1)
  }
}

function at(data: Data): Pick<RangeRequest, 'snapshot'> {
  return data.snapshot ? { snapshot: data.snapshot } : {}
}

function* pieces(request: RangeRequest, read: (piece: RangeRequest) => Entry[], pieceSize: number): Generator<Entry> {
  let limit = pieceSize
  let after: Buffer | undefined
  for (;;) {
    const piece = read({ ...request, limit, ...(after ? { after } : {}) })
    yield* piece
    if (piece.length < limit) return
    after = piece.at(-1)!.key
    limit = Math.min(limit * 4, largestPiece)
  }
}

/** The first match as a version a change can start from. */
export function toVersion(found: Found): ReturnType<typeof version> {
  return { bytes: found.bytes, doc: docOf(found) }
}
