// The documents as a command sees and changes them: directly, or from inside a transaction (`transactions.ts`).
// A change is planned against every index first and put only when nothing can fail any more.
import type { Catalog, Collection, Index } from './catalog.ts'
import { namespaceOf } from './catalog.ts'
import { describeUpdate } from './diff.ts'
import { Failure } from './failure.ts'
import type { Change, History } from './history.ts'
import { keysOf } from './index-keys.ts'
import { getPath } from './paths.ts'
import { sequenceKey, type Entry, type RangeRequest, type Snapshot, type Storage } from './storage.ts'
import { checkSize, decode, type Doc, type Value } from './values.ts'

export type Version = { bytes: Buffer; doc: Doc }

export interface Data {
  readonly snapshot: Snapshot | undefined
  read(collection: Collection, record: number): Buffer | undefined
  /** Documents this transaction has changed, by record; they replace what an index says. */
  overlay(collection: Collection): Map<number, Version | null> | undefined
  /** An insert has no `before`, a delete no `after`. `kind` tells a replacement from an update. */
  put(
    collection: Collection,
    record: number,
    before: Version | undefined,
    after: Version | undefined,
    kind: Change['kind'],
  ): void
}

/** Thrown when a document is held by an open transaction: the writer waits for its end and starts again. */
export class Held extends Error {
  readonly ended: Promise<void>
  constructor(ended: Promise<void>) {
    super('held by a transaction')
    this.ended = ended
  }
}

/** Who holds a document or a unique key until its transaction ends. */
export type Holds = Map<string, { readonly ended: Promise<void> }>

export const recordHold = (collection: Collection, record: number): string => `${collection.id}:${record}`
export const keyHold = (key: Buffer): string => `k${key.toString('latin1')}`

export class Store {
  readonly storage: Storage
  readonly catalog: Catalog
  readonly history: History
  readonly holds: Holds = new Map()

  constructor(storage: Storage, catalog: Catalog, history: History) {
    this.storage = storage
    this.catalog = catalog
    this.history = history
  }

  readonly direct: Data = {
    snapshot: undefined,
    overlay: () => undefined,
    read: (collection, record) => this.storage.get(this.storage.documents, sequenceKey(collection.id, record)),
    put: (collection, record, before, after, kind) => {
      this.history.tick()
      this.apply(collection, record, before, after, kind)
    },
  }

  /** Writes one document's change with its index entries and its history. `own` is the transaction that commits. */
  apply(
    collection: Collection,
    record: number,
    before: Version | undefined,
    after: Version | undefined,
    kind: Change['kind'],
    own?: { lsid: Doc; txnNumber: Value },
  ): void {
    if (!own && this.holds.size > 0) this.#checkHold(recordHold(collection, record))
    if (after) checkSize(after.bytes)
    const plans = planIndexes(collection, before?.doc, after?.doc)
    if (!own)
      for (const plan of plans)
        if (plan.index.unique)
          for (const key of plan.added) this.checkUnique(collection, plan.index, key, record, after!.doc)
    for (const { index, added, removed, multikey, isCut } of plans) {
      for (const key of removed) this.storage.remove(this.storage.indexes, index.unique ? key : withRecord(key, record))
      for (const key of added)
        this.storage.put(this.storage.indexes, index.unique ? key : withRecord(key, record), recordValue(index, record))
      this.noteKinds(collection, index, multikey, isCut)
    }
    const documentKey = sequenceKey(collection.id, record)
    if (after) this.storage.put(this.storage.documents, documentKey, after.bytes)
    else this.storage.remove(this.storage.documents, documentKey)
    collection.count += (after ? 1 : 0) - (before ? 1 : 0)
    this.history.record({
      kind,
      db: collection.db,
      coll: collection.name,
      documentKey: { _id: (after ?? before)!.doc['_id'] },
      ...(after && kind !== 'update' ? { document: after.bytes } : {}),
      ...(kind === 'update' ? { updateDescription: describeUpdate(before!.doc, after!.doc) } : {}),
      ...(own ? { transaction: own } : {}),
    })
  }

  noteKinds(collection: Collection, index: Index, multikey: number[], isCut: boolean): void {
    const isNew = multikey.some((position) => !index.multikey.includes(position)) || (isCut && !index.isCut)
    if (!isNew) return
    index.multikey = [...new Set([...index.multikey, ...multikey])]
    index.isCut ||= isCut
    this.catalog.save(collection)
  }

  checkUnique(collection: Collection, index: Index, key: Buffer, record: number, doc: Doc): void {
    if (this.holds.size > 0) this.#checkHold(keyHold(key))
    const found = this.storage.indexes.get(key)
    if (found && found.readUIntBE(0, 6) !== record) throw duplicateKey(collection, index, doc)
  }

  #checkHold(name: string): void {
    const holder = this.holds.get(name)
    if (holder) throw new Held(holder.ended)
  }

  indexEntries(request: RangeRequest): Entry[] {
    return this.storage.range(this.storage.indexes, request)
  }
}

export type IndexPlan = { index: Index; added: Buffer[]; removed: Buffer[]; multikey: number[]; isCut: boolean }

export function planIndexes(collection: Collection, before: Doc | undefined, after: Doc | undefined): IndexPlan[] {
  return collection.indexes.map((index) => {
    const old = before ? keysOf(index, before) : undefined
    const next = after ? keysOf(index, after) : undefined
    const added = next?.keys.filter((key) => !old?.keys.some((other) => other.equals(key))) ?? []
    const removed = old?.keys.filter((key) => !next?.keys.some((other) => other.equals(key))) ?? []
    return { index, added, removed, multikey: next?.multikey ?? [], isCut: next?.isCut ?? false }
  })
}

const empty = Buffer.alloc(0)

export function withRecord(key: Buffer, record: number): Buffer {
  const whole = Buffer.allocUnsafe(key.length + 6)
  key.copy(whole)
  whole.writeUIntBE(record, key.length, 6)
  return whole
}

export function recordValue(index: Index, record: number): Buffer {
  if (!index.unique) return empty
  const value = Buffer.allocUnsafe(6)
  value.writeUIntBE(record, 0, 6)
  return value
}

/** The record an index entry leads to: a unique index keeps it as the value, another at the end of its key. */
export function recordOf({ key, value }: Entry): number {
  return value.length > 0 ? value.readUIntBE(0, 6) : key.readUIntBE(key.length - 6, 6)
}

export function duplicateKey(collection: Collection, index: Index, doc: Doc): Failure {
  const keyValue: Doc = {}
  for (const path of Object.keys(index.key)) keyValue[path] = getPath(doc, path.split('.')) ?? null
  const shown = Object.entries(keyValue).map(([path, value]) => `${path}: ${show(value)}`)
  return new Failure(
    'DuplicateKey',
    `E11000 duplicate key error collection: ${namespaceOf(collection)} index: ${index.name} dup key: { ${shown.join(', ')} }`,
    {
      keyPattern: index.key,
      keyValue,
    },
  )
}

function show(value: Value): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : JSON.stringify(value)
}

export function version(bytes: Buffer): Version {
  return { bytes, doc: decode(bytes) }
}
