// One named part of the store, synchronous throughout: what is put can be read by the next line. A table may keep its
// most recently used values decoded; what it returns belongs to it, and is replaced, never changed.
import type { Key, RootDatabase } from 'lmdb'

/** Sorts after every number and every digit or letter that a key continues with. */
const LAST = '\uffff'

type Scan = { after?: number; limit?: number }

export const openTable = <V, K extends Key>(env: RootDatabase, name: string, keepDecoded = 0) => {
  const db = env.openDB<V, K>({ name, encoding: 'msgpack' })
  const decoded = new Map<string, V>()
  const idOf = (key: K): string => (typeof key === 'string' ? key : JSON.stringify(key))
  const keep = (key: K, value: V) => {
    if (keepDecoded === 0) return
    const id = idOf(key)
    decoded.delete(id)
    decoded.set(id, value)
    if (decoded.size <= keepDecoded) return
    for (const oldest of decoded.keys()) {
      decoded.delete(oldest)
      return
    }
  }
  const forget = (key: K) => {
    if (keepDecoded > 0) decoded.delete(idOf(key))
  }
  const range = (prefix: Key[], { after, limit }: Scan = {}) => ({
    start: (after === undefined ? prefix : [...prefix, after + 1]) as unknown as K,
    end: [...prefix, LAST] as unknown as K,
    ...(limit === undefined ? {} : { limit }),
  })
  return {
    get: (key: K): V | undefined => {
      const known = keepDecoded > 0 ? decoded.get(idOf(key)) : undefined
      if (known !== undefined) return known
      const value = db.get(key)
      if (value !== undefined) keep(key, value)
      return value
    },
    put: (key: K, value: V): void => {
      db.putSync(key, value)
      keep(key, value)
    },
    remove: (key: K): void => {
      db.removeSync(key)
      forget(key)
    },
    /** Rows below a prefix, in order of their keys; `after` skips numbered ones. Read lazily: do not write meanwhile. */
    rows: (prefix: Key[], scan?: Scan): Iterable<{ key: K; value: V }> => db.getRange(range(prefix, scan)),
    /** The keys alone, lazily. */
    scan: (prefix: Key[]): Iterable<K> => db.getKeys(range(prefix)),
    keys: (prefix: Key[]): K[] => [...db.getKeys(range(prefix))],
    clear: (prefix: Key[]): void => {
      // Read to the end first: removing while reading would skip some.
      const keys = Array.from(db.getKeys(range(prefix)))
      for (const key of keys) {
        db.removeSync(key)
        forget(key)
      }
    },
    count: (prefix: Key[]): number => db.getKeysCount(range(prefix)),
    all: (): K[] => [...db.getKeys({})],
    /** After a commit that failed: what was kept may never have been stored. */
    distrust: () => decoded.clear(),
  }
}
