// Indexes: making, building, listing, changing and dropping them.
import { namespaceOf, type Collection, type Index } from '../catalog.ts'
import { duplicateKey, recordValue, withRecord } from '../data.ts'
import { Failure } from '../failure.ts'
import { keysOf } from '../index-keys.ts'
import { compileFilter } from '../match.ts'
import { isIdentical } from '../order.ts'
import { sequenceKey } from '../storage.ts'
import { decode, isDoc, isNumeric, toNumber, type Doc, type Value } from '../values.ts'
import { checkCollation, collectionName, findCollection, write, type Context, type Handler } from './context.ts'
import { clearIndex, createCollection, isGeneric, listing, requireCollection } from './namespaces.ts'

const indexFields = new Set([
  'v',
  'key',
  'name',
  'unique',
  'sparse',
  'partialFilterExpression',
  'expireAfterSeconds',
  'background',
  'ns',
  'hidden',
  'collation',
])

function parseIndex(spec: Doc): Omit<Index, 'id'> {
  checkCollation(spec)
  const key = spec['key']
  if (!isDoc(key) || Object.keys(key).length === 0)
    throw new Failure('CannotCreateIndex', 'Index keys cannot be an empty object')
  for (const name of Object.keys(spec))
    if (!indexFields.has(name))
      throw new Failure(
        ['weights', 'wildcardProjection', 'default_language', 'bits', '2dsphereIndexVersion'].includes(name)
          ? 'NotImplemented'
          : 'InvalidOptions',
        `The field '${name}' is not valid for an index specification. Specification: ${JSON.stringify(spec)}`,
      )
  for (const [path, direction] of Object.entries(key)) {
    if (typeof direction === 'string' || path.includes('$**'))
      throw new Failure(
        'NotImplemented',
        `an index of type ${typeof direction === 'string' ? direction : 'wildcard'} is not served by the embedded MongoDB`,
      )
    if (!isNumeric(direction) || toNumber(direction) === 0 || path === '' || path.startsWith('$'))
      throw new Failure(
        'CannotCreateIndex',
        `Values in v:2 index key pattern cannot be of type ${typeof direction}. Only numbers > 0, numbers < 0, and strings are allowed.`,
      )
  }
  const seconds = spec['expireAfterSeconds']
  if (seconds !== undefined && (!isNumeric(seconds) || toNumber(seconds) < 0 || toNumber(seconds) > 2147483647))
    throw new Failure(
      'CannotCreateIndex',
      `TTL index 'expireAfterSeconds' option must be numeric and within the 32-bit range`,
    )
  if (seconds !== undefined && Object.keys(key).length > 1)
    throw new Failure('CannotCreateIndex', 'TTL indexes are single-field indexes, compound indexes do not support TTL')
  const partial = spec['partialFilterExpression'] as Doc | undefined
  if (partial && spec['sparse'] === true)
    throw new Failure('CannotCreateIndex', 'cannot mix "partialFilterExpression" and "sparse" options')
  const name =
    (spec['name'] as string | undefined) ??
    Object.entries(key)
      .map(([path, direction]) => `${path}_${toNumber(direction)}`)
      .join('_')
  return {
    name,
    key,
    unique: isTrueFlag(spec['unique']),
    sparse: isTrueFlag(spec['sparse']),
    hidden: isTrueFlag(spec['hidden']),
    ...(partial ? { partial } : {}),
    ...(seconds === undefined ? {} : { expireAfterSeconds: toNumber(seconds) }),
    multikey: [],
    isCut: false,
  }
}

const isTrueFlag = (value: Value): boolean => value === true || (isNumeric(value) && toNumber(value) !== 0)

export const createIndexes: Handler = (context) => {
  const specs = (context.command['indexes'] as Doc[]).map(parseIndex)
  return write({ ...context, command: { ...context.command, txnNumber: undefined } }, () => {
    const isNew = !findCollection(context)
    const collection = findCollection(context) ?? createCollection(context, collectionName(context), {})
    const numIndexesBefore = collection.indexes.length
    for (const spec of specs) {
      if (isIdentical(spec.key, { _id: 1 })) continue
      const same = collection.indexes.find((index) => isSameKey(index, spec))
      const named = collection.indexes.find((index) => index.name === spec.name)
      if (named && !isSameKey(named, spec))
        throw new Failure(
          'IndexKeySpecsConflict',
          `An existing index has the same name as the requested index. When index names are not specified, they are auto generated and can cause conflicts. Please refer to our documentation. Requested index: ${JSON.stringify(spec)}, existing index: ${JSON.stringify(named)}`,
        )
      if (same && (same.expireAfterSeconds !== spec.expireAfterSeconds || same.name !== spec.name))
        throw new Failure(
          'IndexOptionsConflict',
          `Index already exists with a different name or different options: ${same.name}`,
        )
      if (!same) build(context, collection, compileIndex({ ...spec, id: context.store.catalog.nextNumber() }))
    }
    const numIndexesAfter = collection.indexes.length
    return {
      numIndexesBefore: isNew ? 1 : numIndexesBefore,
      numIndexesAfter,
      createdCollectionAutomatically: isNew,
      ...(numIndexesAfter === numIndexesBefore ? { note: 'all indexes already exist' } : {}),
    }
  })
}

function isSameKey(index: Index, spec: Omit<Index, 'id'>): boolean {
  return (
    isIdentical(index.key, spec.key) &&
    isIdentical(index.partial, spec.partial) &&
    index.unique === spec.unique &&
    index.sparse === spec.sparse
  )
}

export function compileIndex(index: Index): Index {
  if (index.partial) index.matchesPartial = compileFilter(index.partial, { now: new Date(0), variables: {} })
  return index
}

/** Reads every document; a duplicate leaves nothing behind. */
function build(context: Context, collection: Collection, index: Index): void {
  const { store } = context
  const put: [Buffer, number][] = []
  const seen = new Set<string>()
  for (const { key: documentKey, value } of store.storage.documents.getRange({
    start: sequenceKey(collection.id, 0),
    end: sequenceKey(collection.id + 1, 0),
  })) {
    const doc = decode(value)
    const { keys, multikey, isCut } = keysOf(index, doc)
    index.multikey = [...new Set([...index.multikey, ...multikey])]
    index.isCut ||= isCut
    for (const key of keys) {
      const text = key.toString('latin1')
      if (index.unique && seen.has(text)) throw duplicateKey(collection, index, doc)
      if (index.unique) seen.add(text)
      put.push([key, documentKey.readUIntBE(4, 6)])
    }
  }
  for (const [key, record] of put)
    store.storage.put(store.storage.indexes, index.unique ? key : withRecord(key, record), recordValue(index, record))
  collection.indexes.push(index)
  store.catalog.save(collection)
}

export const dropIndexes: Handler = (context) => {
  const wanted = context.command['index']
  return write(context, () => {
    const collection = requireCollection(context)
    const nIndexesWas = collection.indexes.length
    const chosen = (Array.isArray(wanted) ? wanted : [wanted]).flatMap((one): Index[] => {
      if (one === '*') return collection.indexes.slice(1)
      const found = collection.indexes.find((index) =>
        typeof one === 'string' ? index.name === one : isIdentical(index.key, one),
      )
      if (!found)
        throw new Failure(
          'IndexNotFound',
          typeof one === 'string'
            ? `index not found with name [${one}]`
            : `can't find index with key: ${JSON.stringify(one)}`,
        )
      if (found.name === '_id_') throw new Failure('InvalidOptions', 'cannot drop _id index')
      return [found]
    })
    for (const index of chosen) clearIndex(context, index)
    collection.indexes = collection.indexes.filter((index) => !chosen.includes(index))
    context.store.catalog.save(collection)
    return { nIndexesWas }
  })
}

export function describeIndex(index: Index): Doc {
  return {
    v: 2,
    key: index.key,
    name: index.name,
    ...(index.unique && index.name !== '_id_' ? { unique: true } : {}),
    ...(index.sparse ? { sparse: true } : {}),
    ...(index.partial ? { partialFilterExpression: index.partial } : {}),
    ...(index.expireAfterSeconds === undefined ? {} : { expireAfterSeconds: index.expireAfterSeconds }),
    ...(index.hidden ? { hidden: true } : {}),
  }
}

export const listIndexes: Handler = (context) => {
  const collection = requireCollection(context)
  return listing(context, namespaceOf(collection), collection.indexes.map(describeIndex))
}

export const collMod: Handler = (context) => {
  const change = context.command['index'] as Doc | undefined
  for (const name of Object.keys(context.command))
    if (!['collMod', 'index'].includes(name) && !isGeneric(name))
      throw new Failure('NotImplemented', `collMod with ${name} is not served by the embedded MongoDB`)
  return write(context, () => {
    const collection = requireCollection(context)
    if (!change) return {}
    const index = collection.indexes.find((one) =>
      change['name'] === undefined ? isIdentical(one.key, change['keyPattern']) : one.name === change['name'],
    )
    if (!index)
      throw new Failure(
        'IndexNotFound',
        `cannot find index ${JSON.stringify(change)} for ns ${namespaceOf(collection)}`,
      )
    const reply: Doc = {}
    if (change['expireAfterSeconds'] !== undefined) {
      if (index.expireAfterSeconds !== undefined) reply['expireAfterSeconds_old'] = index.expireAfterSeconds
      reply['expireAfterSeconds_new'] = index.expireAfterSeconds = toNumber(change['expireAfterSeconds'])
    }
    if (change['hidden'] !== undefined) {
      reply['hidden_old'] = index.hidden
      reply['hidden_new'] = index.hidden = change['hidden'] === true
    }
    context.store.catalog.save(collection)
    return reply
  })
}
