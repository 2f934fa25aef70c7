// What happened, in order: the source of every change stream. Written in the same commit as the change, kept on disk up
// to a bound, and announced to those who wait once the commit is flushed.
import { Long, Timestamp, type Binary } from 'bson'
import { Failure } from './failure.ts'
import type { Storage } from './storage.ts'
import { assemble, decode, encode, type Doc } from './values.ts'

export type Kind =
  | 'insert'
  | 'update'
  | 'replace'
  | 'delete'
  | 'drop'
  | 'dropDatabase'
  | 'rename'
  | 'create'
  | 'createIndexes'
  | 'dropIndexes'

export type Change = {
  kind: Kind
  db: string
  coll?: string
  documentKey?: Doc
  /** The document after an insert or a replacement. */
  document?: Buffer
  updateDescription?: Doc
  uuid?: Binary
  to?: Doc
  transaction?: { lsid: Doc; txnNumber: Long }
}

/** A place in the history: seconds, counter within the second, position within a transaction. */
export type Place = Buffer

export type Entry = {
  place: Place
  time: Timestamp
  wallTime: Date
  change: Change
  event?: { bytes: Buffer; doc?: Doc }
}

export type HistoryBounds = { maxEntries: number; maxBytes: number }

/** What is kept in memory for streams that follow closely; older entries are read from disk. */
const recentEntries = 4000
const recentBytes = 32 * 1024 * 1024
const pruneEvery = 500

export class History {
  readonly #storage: Storage
  readonly #bounds: HistoryBounds
  #time: { t: number; i: number }
  #position = 0
  #pending: Entry[] = []
  #recent: Entry[] = []
  #recentBytes = 0
  #entries: number
  #bytes: number
  #sincePrune = 0
  /** The last place that was dropped to keep the bound: what came before it can no longer be told. */
  #lostUpTo: Place
  #waiting = new Set<() => void>()
  #committed: Place

  constructor(storage: Storage, bounds: HistoryBounds, now: () => number) {
    this.#storage = storage
    this.#bounds = bounds
    this.now = now
    const meta = storage.catalog.get(metaKey)
    const state = meta ? decode(meta) : {}
    this.#entries = state['entries'] ?? 0
    this.#bytes = Number(state['bytes'] ?? 0)
    this.#lostUpTo = state['lostUpTo'] ? Buffer.from(state['lostUpTo'], 'hex') : placeOf(0, 0, 0)
    const last = state['last'] ? Buffer.from(state['last'], 'hex') : placeOf(Math.floor(now() / 1000), 0, 0)
    this.#time = { t: last.readUInt32BE(0), i: last.readUInt32BE(4) }
    this.#committed = last
  }

  readonly now: () => number

  /** Starts a new moment: everything recorded until the next call shares its cluster time. */
  tick(): Timestamp {
    const t = Math.floor(this.now() / 1000)
    this.#time = t > this.#time.t ? { t, i: 1 } : { t: this.#time.t, i: this.#time.i + 1 }
    this.#position = 0
    return new Timestamp(this.#time)
  }

  record(change: Change): void {
    const place = placeOf(this.#time.t, this.#time.i, this.#position++)
    const { document, ...rest } = change
    const wallTime = new Date(this.now())
    const header = encode({ ...rest, wallTime })
    const value = document ? Buffer.concat([header, document]) : header
    this.#storage.put(this.#storage.history, place, value)
    this.#entries += 1
    this.#bytes += value.length
    // Commands hand in slices of a network buffer; what is remembered must not hold all of it.
    this.#pending.push({
      place,
      time: new Timestamp(this.#time),
      wallTime,
      change: document ? { ...change, document: value.subarray(header.length) } : change,
    })
  }

  beforeCommit(): void {
    if (this.#pending.length === 0) return
    this.#sincePrune += this.#pending.length
    if (this.#sincePrune >= Math.min(pruneEvery, this.#bounds.maxEntries)) this.#prune()
    const state = {
      entries: this.#entries,
      bytes: Long.fromNumber(this.#bytes),
      lostUpTo: this.#lostUpTo.toString('hex'),
      last: placeOf(this.#time.t, this.#time.i, this.#position).toString('hex'),
    }
    this.#storage.put(this.#storage.catalog, metaKey, encode(state))
  }

  #prune(): void {
    this.#sincePrune = 0
    while (this.#entries > this.#bounds.maxEntries || this.#bytes > this.#bounds.maxBytes) {
      const oldest = this.#storage.range(this.#storage.history, {
        start: firstPlace,
        end: lastPlace,
        limit: pruneEvery,
      })
      if (oldest.length === 0) return
      for (const { key, value } of oldest) {
        if (this.#entries <= this.#bounds.maxEntries && this.#bytes <= this.#bounds.maxBytes) return
        this.#storage.remove(this.#storage.history, key)
        this.#entries -= 1
        this.#bytes -= value.length
        this.#lostUpTo = Buffer.from(key)
      }
    }
  }

  afterCommit(): void {
    if (this.#pending.length === 0) return
    for (const entry of this.#pending) {
      this.#recent.push(entry)
      this.#recentBytes += sizeOf(entry)
    }
    this.#committed = this.#pending.at(-1)!.place
    this.#pending = []
    if (this.#recent.length > recentEntries * 2 || this.#recentBytes > recentBytes) {
      this.#recent = this.#recent.slice(-Math.min(recentEntries, Math.ceil(this.#recent.length / 2)))
      this.#recentBytes = this.#recent.reduce((sum, entry) => sum + sizeOf(entry), 0)
    }
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }

  /** The newest place that is on disk. */
  get end(): Place {
    return this.#committed
  }

  /** The cluster's time as it is told to clients: never behind what they have been acknowledged. */
  get clusterTime(): Timestamp {
    return new Timestamp({ t: this.#committed.readUInt32BE(0), i: this.#committed.readUInt32BE(4) })
  }

  /** Entries after a place, oldest first. Throws ChangeStreamHistoryLost when the next one may be gone. */
  after(place: Place, limit: number): Entry[] {
    if (Buffer.compare(place, this.#lostUpTo) < 0)
      throw new Failure(
        'ChangeStreamHistoryLost',
        'Resume of change stream was not possible, as the resume point may no longer be in the oplog.',
        {
          errorLabels: ['NonResumableChangeStreamError'],
        },
      )
    if (Buffer.compare(place, this.#committed) >= 0) return []
    const first = this.#recent[0]
    if (first && Buffer.compare(first.place, place) <= 0) {
      let [low, high] = [0, this.#recent.length]
      while (low < high) {
        const middle = (low + high) >> 1
        if (Buffer.compare(this.#recent[middle]!.place, place) <= 0) low = middle + 1
        else high = middle
      }
      return this.#recent.slice(low, low + limit)
    }
    return this.#storage
      .range(this.#storage.history, { start: firstPlace, end: lastPlace, after: place, limit })
      .filter(({ key }) => Buffer.compare(key, this.#committed) <= 0)
      .map(({ key, value }) => fromStored(key, value))
  }

  /** Calls `wake` once at the next commit that holds changes; the returned function stops waiting. */
  wait(wake: () => void): () => void {
    this.#waiting.add(wake)
    return () => this.#waiting.delete(wake)
  }

  wakeAll(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }
}

const sizeOf = ({ change }: Entry): number => (change.document?.length ?? 0) + 500

const metaKey = Buffer.from('\0history')
const firstPlace = Buffer.alloc(12)
const lastPlace = Buffer.alloc(12, 0xff)

export function placeOf(t: number, i: number, position: number): Place {
  const place = Buffer.allocUnsafe(12)
  place.writeUInt32BE(t, 0)
  place.writeUInt32BE(i, 4)
  place.writeUInt32BE(position, 8)
  return place
}

function fromStored(place: Buffer, value: Buffer): Entry {
  const headerLength = value.readInt32LE(0)
  const { wallTime, ...change } = decode(value.subarray(0, headerLength)) as Doc & { wallTime: Date }
  const document = value.length > headerLength ? { document: value.subarray(headerLength) } : {}
  return {
    place,
    time: new Timestamp({ t: place.readUInt32BE(0), i: place.readUInt32BE(4) }),
    wallTime,
    change: { ...(change as Change), ...document },
  }
}

/** The change as a change stream tells it. Built once and shared by every stream that reads it. */
export function toEvent(entry: Entry): { bytes: Buffer; doc?: Doc } {
  if (entry.event) return entry.event
  const { change } = entry
  const ns = change.coll === undefined ? { db: change.db } : { db: change.db, coll: change.coll }
  const bytes = assemble([
    ['_id', tokenOf(entry.place)],
    ['operationType', change.kind],
    ['clusterTime', entry.time],
    ['wallTime', entry.wallTime],
    ['txnNumber', change.transaction?.txnNumber],
    ['lsid', change.transaction?.lsid],
    ['fullDocument', change.document],
    ['ns', ns],
    ['to', change.to],
    ['documentKey', change.documentKey],
    ['updateDescription', change.updateDescription],
  ])
  return (entry.event = { bytes })
}

export type TokenKind = 'event' | 'invalidate'

/** A resume token: the place in hex, so that tokens sort as the history does. */
export function tokenOf(place: Place, kind: TokenKind = 'event'): Doc {
  return { _data: `82${place.toString('hex')}${kind === 'event' ? '00' : '01'}` }
}

export function parseToken(token: unknown): { place: Place; kind: TokenKind } {
  const data = (token as Doc | undefined)?.['_data'] as unknown
  if (typeof data === 'string' && !/^(?:[0-9a-f]{2})*$/i.test(data))
    throw new Failure('FailedToParse', 'resume token string was not a valid hex string')
  if (typeof data !== 'string' || !/^82[0-9a-f]{24}0[01]$/.test(data))
    throw new Failure('InvalidResumeToken', `Invalid resume token: ${JSON.stringify(token)}`)
  return { place: Buffer.from(data.slice(2, 26), 'hex'), kind: data.endsWith('01') ? 'invalidate' : 'event' }
}
