// TTL indexes: what is past its time is deleted, as an ordinary delete that change streams tell.
import { orderKey, ranks } from './order.ts'
import { prefixKey } from './storage.ts'
import { Held, recordOf, version, type Store } from './data.ts'
import type { Collection, Index } from './catalog.ts'
import { isDescending } from './index-keys.ts'
import { decode } from './values.ts'

const perCommit = 500
const retryLifetimeMs = 30 * 60 * 1000
const retrySweepEveryRuns = 300

/** Runs until the returned function is called, which waits for a run under way. */
export function runExpiry(store: Store, intervalMs: number, log: (line: string) => void): () => Promise<void> {
  let isStopped = false
  let runs = 0
  let current = Promise.resolve()
  const timer = setInterval(() => {
    if (isStopped) return
    current = current
      .then(() => expireAll(store, new Date()))
      .then(() => (++runs % retrySweepEveryRuns === 0 ? forgetRetries(store) : undefined))
      .catch((error: unknown) =>
        log(`embedded MongoDB: expiry failed, it is tried again in ${intervalMs} ms: ${(error as Error).message}`),
      )
  }, intervalMs)
  timer.unref()
  return () => {
    isStopped = true
    clearInterval(timer)
    return current
  }
}

export async function expireAll(store: Store, now: Date): Promise<void> {
  for (const collection of store.catalog.all())
    for (const index of collection.indexes) {
      if (index.expireAfterSeconds === undefined) continue
      while (expiredRecords(store, index, now, 1).length > 0)
        if ((await store.storage.write(() => expire(store, collection, index, now))) === 0) break
    }
}

/** Dates sort after every other type but a few, so the range has both ends. */
function expiredRecords(store: Store, index: Index, now: Date, limit: number): number[] {
  const limitDate = new Date(now.getTime() - index.expireAfterSeconds! * 1000)
  const descending = isDescending(Object.values(index.key)[0])
  const edge = orderKey(limitDate, descending)
  const bracket = Buffer.from([descending ? 0xff - ranks.date + 1 : ranks.date])
  const [start, end] = descending ? [edge, bracket] : [bracket, Buffer.concat([edge, Buffer.from([0xff])])]
  return store.indexEntries({ start: prefixKey(index.id, start), end: prefixKey(index.id, end), limit }).map(recordOf)
}

function expire(store: Store, collection: Collection, index: Index, now: Date): number {
  let deleted = 0
  for (const record of new Set(expiredRecords(store, index, now, perCommit))) {
    const bytes = store.direct.read(collection, record)
    if (!bytes) continue
    try {
      store.direct.put(collection, record, version(bytes), undefined, 'delete')
      deleted += 1
    } catch (error) {
      // Held by a transaction: it is looked at again in the next run.
      if (!(error instanceof Held)) throw error
    }
  }
  return deleted
}

async function forgetRetries(store: Store): Promise<void> {
  const { retries } = store.storage
  const before = Date.now() - retryLifetimeMs
  await store.storage.write(() => {
    for (const { key, value } of store.storage.range(retries, { start: Buffer.alloc(1), end: Buffer.alloc(64, 0xff) }))
      if ((decode(value)['at'] as Date).getTime() < before) store.storage.remove(retries, key)
  })
}
