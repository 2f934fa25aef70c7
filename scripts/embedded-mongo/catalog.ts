// Which collections and indexes exist. Held in memory, written in the same commit as the change that needs it.
import { Binary, Double, UUID } from 'bson'
import { Failure } from './failure.ts'
import type { Matches } from './match.ts'
import { sequenceKey, type Storage } from './storage.ts'
import { decode, encode, type Doc } from './values.ts'

export type Index = {
  id: number
  name: string
  key: Doc
  unique: boolean
  sparse: boolean
  partial?: Doc
  expireAfterSeconds?: number
  /** Positions of fields that have met an array: they cannot give an order, nor be bounded from two sides. */
  multikey: number[]
  /** Some key was too long and is kept cut, so the order within it is unknown. */
  isCut: boolean
  hidden: boolean
  matchesPartial?: Matches
}

export type Collection = {
  id: number
  db: string
  name: string
  uuid: Binary
  options: Doc
  indexes: Index[]
  count: number
}

export const namespaceOf = (collection: Collection): string => `${collection.db}.${collection.name}`

const counterBlock = 1000

export class Catalog {
  readonly #storage: Storage
  readonly #collections = new Map<string, Collection>()
  #counters = { next: 1, reserved: 0 }

  constructor(storage: Storage) {
    this.#storage = storage
    for (const { key, value } of storage.catalog.getRange({})) {
      const name = key.toString('utf8')
      const doc = decode(value)
      if (name === '\0counter')
        this.#counters = { next: doc['reserved'].valueOf() as number, reserved: doc['reserved'].valueOf() as number }
      else if (!name.startsWith('\0'))
        this.#collections.set(name, { ...(doc as Collection), indexes: doc['indexes'].map(fromStored) })
    }
    for (const collection of this.#collections.values())
      collection.count = storage.documents.getCount({
        start: sequenceKey(collection.id, 0),
        end: sequenceKey(collection.id + 1, 0),
      })
  }

  find(db: string, name: string): Collection | undefined {
    return this.#collections.get(`${db}.${name}`)
  }

  all(): Collection[] {
    return [...this.#collections.values()]
  }

  inDatabase(db: string): Collection[] {
    return this.all().filter((collection) => collection.db === db)
  }

  /** A number never given before, also after a crash: record ids, collection ids and index ids come from it. */
  nextNumber(): number {
    if (this.#counters.next >= this.#counters.reserved) {
      this.#counters.reserved = this.#counters.next + counterBlock
      this.#storage.put(
        this.#storage.catalog,
        Buffer.from('\0counter'),
        encode({ reserved: new Double(this.#counters.reserved) }),
      )
    }
    return this.#counters.next++
  }

  create(db: string, name: string, options: Doc): Collection {
    checkName(db, name)
    const collection: Collection = {
      id: this.nextNumber(),
      db,
      name,
      uuid: new UUID().toBinary(),
      options,
      indexes: [],
      count: 0,
    }
    collection.indexes.push({
      id: this.nextNumber(),
      name: '_id_',
      key: { _id: 1 },
      unique: true,
      sparse: false,
      multikey: [],
      isCut: false,
      hidden: false,
    })
    this.#collections.set(`${db}.${name}`, collection)
    this.save(collection)
    return collection
  }

  save(collection: Collection): void {
    const { indexes, count: _count, ...rest } = collection
    const stored = { ...rest, indexes: indexes.map(({ matchesPartial: _compiled, ...index }) => index) }
    this.#storage.put(this.#storage.catalog, Buffer.from(namespaceOf(collection)), encode(stored))
  }

  remove(collection: Collection): void {
    this.#collections.delete(namespaceOf(collection))
    this.#storage.remove(this.#storage.catalog, Buffer.from(namespaceOf(collection)))
  }

  rename(collection: Collection, db: string, name: string): void {
    checkName(db, name)
    this.remove(collection)
    Object.assign(collection, { db, name })
    this.#collections.set(namespaceOf(collection), collection)
    this.save(collection)
  }
}

function fromStored(doc: Doc): Index {
  return { ...(doc as Index), id: Number(doc['id']) }
}

export function checkName(db: string, name: string): void {
  if (db === '' || /[/\\. "$\0]/.test(db)) throw new Failure('InvalidNamespace', `Invalid database name: '${db}'`)
  if (name === '' || name.includes('$') || name.includes('\0') || name.startsWith('.'))
    throw new Failure('InvalidNamespace', `Invalid collection name: ${name}`)
  if (name.startsWith('system.') && name !== 'system.js')
    throw new Failure('InvalidNamespace', `Invalid system namespace: ${db}.${name}`)
  if (Buffer.byteLength(`${db}.${name}`) > 255)
    throw new Failure('InvalidNamespace', `Fully qualified namespace is too long: ${db}.${name}`)
}
