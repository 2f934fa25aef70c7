// Collections and databases: making, listing, renaming and dropping them.
import { namespaceOf, type Collection } from '../catalog.ts'
import { Failure } from '../failure.ts'
import { compileFilter } from '../match.ts'
import { sequenceKey } from '../storage.ts'
import type { Doc } from '../values.ts'
import {
  checkCollation,
  collectionName,
  docField,
  findCollection,
  write,
  type Context,
  type Handler,
} from './context.ts'
import { describeIndex } from './indexes.ts'
import { clear, clearIndex, createCollection, isGeneric, listing, note } from './namespaces.ts'

const createFields = new Set([
  'create',
  'writeConcern',
  'comment',
  'autoIndexId',
  'idIndex',
  'validationLevel',
  'validationAction',
  'indexOptionDefaults',
  'storageEngine',
])

export const create: Handler = (context) => {
  checkCollation(context.command)
  for (const name of [
    'viewOn',
    'pipeline',
    'timeseries',
    'clusteredIndex',
    'validator',
    'changeStreamPreAndPostImages',
    'encryptedFields',
    'capped',
  ])
    if (context.command[name] !== undefined && context.command[name] !== false)
      throw new Failure('NotImplemented', `create with ${name} is not served by the embedded MongoDB`)
  for (const name of Object.keys(context.command))
    if (!createFields.has(name) && !isGeneric(name) && !['size', 'max', 'capped', 'collation'].includes(name))
      throw new Failure('UnknownField', `BSON field 'create.${name}' is an unknown field.`)
  return write(context, () => {
    if (findCollection(context))
      throw new Failure('NamespaceExists', `Collection ${context.db}.${collectionName(context)} already exists.`)
    createCollection(context, collectionName(context), {})
    return {}
  })
}

/** Everything of a collection goes in one commit; change streams on it end. */
function dropOne(context: Context, collection: Collection): void {
  const { store } = context
  clear(context, store.storage.documents, sequenceKey(collection.id, 0), sequenceKey(collection.id + 1, 0))
  for (const index of collection.indexes) clearIndex(context, index)
  store.catalog.remove(collection)
  note(context, { kind: 'drop', db: collection.db, coll: collection.name })
  context.server.cursors.killNamespace(namespaceOf(collection))
}

export const drop: Handler = (context) =>
  write(context, () => {
    const collection = findCollection(context)
    if (!collection) return { ns: `${context.db}.${collectionName(context)}` }
    const nIndexesWas = collection.indexes.length
    dropOne(context, collection)
    return { nIndexesWas, ns: namespaceOf(collection) }
  })

export const dropDatabase: Handler = (context) =>
  write(context, () => {
    const collections = context.store.catalog.inDatabase(context.db)
    for (const collection of collections) dropOne(context, collection)
    if (collections.length > 0) note(context, { kind: 'dropDatabase', db: context.db })
    return { dropped: context.db }
  })

export const renameCollection: Handler = (context) => {
  const split = (ns: string): [string, string] => [ns.slice(0, ns.indexOf('.')), ns.slice(ns.indexOf('.') + 1)]
  const [db, name] = split(String(context.command['renameCollection']))
  const [toDb, toName] = split(String(context.command['to']))
  return write(context, () => {
    const { catalog } = context.store
    const collection = catalog.find(db, name)
    if (!collection) throw new Failure('NamespaceNotFound', `Source collection ${db}.${name} does not exist`)
    const target = catalog.find(toDb, toName)
    if (target && context.command['dropTarget'] !== true)
      throw new Failure('NamespaceExists', 'target namespace exists')
    if (target) dropOne(context, target)
    catalog.rename(collection, toDb, toName)
    note(context, { kind: 'rename', db, coll: name, to: { db: toDb, coll: toName } })
    return {}
  })
}

export const listCollections: Handler = (context) => {
  const matches = compileFilter(docField(context.command, 'filter'), context.scope)
  const isNameOnly = context.command['nameOnly'] === true
  const docs = context.store.catalog.inDatabase(context.db).map((collection): Doc => {
    const { name, options, uuid } = collection
    return isNameOnly
      ? { name, type: 'collection' }
      : {
          name,
          type: 'collection',
          options,
          info: { readOnly: false, uuid },
          idIndex: describeIndex(collection.indexes[0]!),
        }
  })
  return listing(context, `${context.db}.$cmd.listCollections`, docs.filter(matches))
}

export const listDatabases: Handler = (context) => {
  const matches = compileFilter(docField(context.command, 'filter'), context.scope)
  const names = [...new Set(context.store.catalog.all().map((collection) => collection.db))].toSorted()
  const databases = names.map((name): Doc =>
    context.command['nameOnly'] === true ? { name } : { name, sizeOnDisk: 0, empty: false },
  )
  return {
    databases: databases.filter(matches),
    ...(context.command['nameOnly'] === true ? {} : { totalSize: 0, totalSizeMb: 0 }),
  }
}

export const collStats: Handler = (context) => {
  const collection = findCollection(context)
  const ns = `${context.db}.${collectionName(context)}`
  return {
    ns,
    count: collection?.count ?? 0,
    nindexes: collection?.indexes.length ?? 0,
    size: 0,
    storageSize: 0,
    totalIndexSize: 0,
    scaleFactor: 1,
  }
}

export const dbStats: Handler = ({ store, db }) => {
  const collections = store.catalog.inDatabase(db)
  const objects = collections.reduce((sum, collection) => sum + collection.count, 0)
  const indexes = collections.reduce((sum, collection) => sum + collection.indexes.length, 0)
  return {
    db,
    collections: collections.length,
    views: 0,
    objects,
    indexes,
    dataSize: 0,
    storageSize: 0,
    indexSize: 0,
    totalSize: 0,
    scaleFactor: 1,
  }
}
