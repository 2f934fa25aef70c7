// One named part of the store, synchronous throughout: what is put can be read by the next line.
import type { Key, RootDatabase } from 'lmdb'

export type Table<V, K extends Key> = ReturnType<typeof openTable<V, K>>

/** Sorts after every number and every digit or letter that a key continues with. */
const LAST = '\uffff'

type Scan = { after?: number; limit?: number }

export const openTable = <V, K extends Key>(env: RootDatabase, name: string) => {
  const db = env.openDB<V, K>({ name, encoding: 'msgpack' })
  const range = (prefix: Key[], { after, limit }: Scan = {}) => ({
    start: (after === undefined ? prefix : [...prefix, after + 1]) as unknown as K,
    end: [...prefix, LAST] as unknown as K,
    ...(limit === undefined ? {} : { limit }),
  })
  return {
    get: (key: K): V | undefined => db.get(key),
    put: (key: K, value: V): void => {
      db.putSync(key, value)
    },
    remove: (key: K): void => {
      db.removeSync(key)
    },
    /** Rows below a prefix, in order of their keys; `after` skips numbered ones. Read lazily: do not write meanwhile. */
    rows: (prefix: Key[], scan?: Scan): Iterable<{ key: K; value: V }> => db.getRange(range(prefix, scan)),
    keys: (prefix: Key[]): K[] => [...db.getKeys(range(prefix))],
    clear: (prefix: Key[]): void => {
      // Read to the end first: removing while reading would skip some.
      const keys = Array.from(db.getKeys(range(prefix)))
      for (const key of keys) db.removeSync(key)
    },
    count: (prefix: Key[]): number => db.getKeysCount(range(prefix)),
    all: (): K[] => [...db.getKeys({})],
  }
}
