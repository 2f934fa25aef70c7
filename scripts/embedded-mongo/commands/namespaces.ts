// What the commands on collections and the commands on indexes share.
import { type Collection, type Index } from '../catalog.ts'
import { sourceOf } from '../cursors.ts'
import { Failure } from '../failure.ts'
import type { Change } from '../history.ts'
import { prefixKey, type Bytes } from '../storage.ts'
import { encode, type Doc } from '../values.ts'
import { collectionName, docField, findCollection, numberField, sessionKey, type Context } from './context.ts'

const defaultBatch = 1000

export function requireCollection(context: Context): Collection {
  const collection = findCollection(context)
  if (!collection) throw new Failure('NamespaceNotFound', `ns does not exist: ${context.db}.${collectionName(context)}`)
  return collection
}

export function createCollection(context: Context, name: string, options: Doc): Collection {
  const collection = context.store.catalog.create(context.db, name, options)
  note(context, { kind: 'create', db: context.db, coll: name, uuid: collection.uuid })
  return collection
}

export function note(context: Context, change: Change): void {
  context.store.history.tick()
  context.store.history.record(change)
}

export const isGeneric = (name: string): boolean =>
  name.startsWith('$') ||
  [
    'lsid',
    'txnNumber',
    'autocommit',
    'startTransaction',
    'readConcern',
    'maxTimeMS',
    'apiVersion',
    'apiStrict',
    'apiDeprecationErrors',
    'comment',
    'writeConcern',
  ].includes(name)

export function clear({ store }: Context, database: Bytes, start: Buffer, end: Buffer): void {
  for (;;) {
    const entries = store.storage.range(database, { start, end, limit: 1000 })
    for (const { key } of entries) store.storage.remove(database, key)
    if (entries.length < 1000) return
  }
}

export function clearIndex(context: Context, index: Index): void {
  clear(
    context,
    context.store.storage.indexes,
    prefixKey(index.id, Buffer.alloc(0)),
    prefixKey(index.id + 1, Buffer.alloc(0)),
  )
}

export async function listing(context: Context, namespace: string, docs: Doc[]): Promise<Doc> {
  const batchSize = numberField(docField(context.command, 'cursor'), 'batchSize') ?? defaultBatch
  return {
    cursor: await context.server.cursors.first(
      sourceOf(docs.map(encode).values()),
      namespace,
      batchSize,
      sessionKey(context.command),
    ),
  }
}
