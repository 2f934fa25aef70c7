// Bytes on disk: one LMDB environment, its writer, and group commit. Writes queue up while a commit is being flushed and
// go together into the next one; `write` resolves once its commit is on disk, which is what `j: true` promises.
import { open, type Database, type RootDatabase, type Transaction } from 'lmdb'
import { Failure } from './failure.ts'

export type Bytes = Database<Buffer, Buffer>
export type Snapshot = Transaction
export type Entry = { key: Buffer; value: Buffer }
export type RangeRequest = {
  start: Buffer
  end: Buffer
  reverse?: boolean
  limit?: number
  after?: Buffer
  snapshot?: Snapshot
}

type Job = { run: () => void; settle: () => void; fail: (error: unknown) => void }

export class Storage {
  readonly documents: Bytes
  readonly indexes: Bytes
  readonly history: Bytes
  readonly catalog: Bytes
  readonly retries: Bytes
  readonly #root: RootDatabase<Buffer, Buffer>
  #waiting: Job[] = []
  #isWriting = false
  #failure: unknown

  constructor(path: string) {
    // Without overlapping sync a commit's promise resolves only after its fdatasync.
    this.#root = open<Buffer, Buffer>({
      path,
      maxDbs: 8,
      keyEncoding: 'binary',
      encoding: 'binary',
      overlappingSync: false,
    })
    const database = (name: string): Bytes =>
      this.#root.openDB<Buffer, Buffer>({ name, keyEncoding: 'binary', encoding: 'binary' })
    this.documents = database('documents')
    this.indexes = database('indexes')
    this.history = database('history')
    this.catalog = database('catalog')
    this.retries = database('retries')
  }

  /** Called inside each commit after its jobs, and once it is on disk. */
  beforeCommit: () => void = () => undefined
  afterCommit: () => void = () => undefined

  /** Runs `job` alone, seeing every write before it. A job must check everything before its first put: nothing is rolled back. */
  write<T>(job: () => T): Promise<T> {
    if (this.#failure) return Promise.reject(this.#failure)
    return new Promise<T>((resolve, reject) => {
      let outcome: { value: T } | { error: unknown }
      this.#waiting.push({
        run: () => {
          try {
            outcome = { value: job() }
          } catch (error) {
            outcome = { error }
          }
        },
        settle: () => ('value' in outcome ? resolve(outcome.value) : reject(outcome.error)),
        fail: reject,
      })
      if (!this.#isWriting) void this.#drain()
    })
  }

  async #drain(): Promise<void> {
    this.#isWriting = true
    while (this.#waiting.length > 0) {
      let taken: Job[] = []
      try {
        await this.#root.transaction(() => {
          taken = this.#waiting
          this.#waiting = []
          for (const job of taken) job.run()
          this.beforeCommit()
        })
        this.afterCommit()
        for (const job of taken) job.settle()
      } catch (error) {
        // What is in memory no longer equals what is on disk (a full disk, a broken file): only a restart can tell.
        this.#failure = new Failure('InterruptedAtShutdown', `The data can no longer be written: ${String(error)}`)
        for (const job of [...taken, ...this.#waiting]) job.fail(this.#failure)
        this.#waiting = []
      }
    }
    this.#isWriting = false
  }

  /** Only inside a job: what lmdb promises there is the commit that `write` already waits for. */
  put(database: Bytes, key: Buffer, value: Buffer): void {
    void database.put(key, value)
  }

  remove(database: Bytes, key: Buffer): void {
    void database.remove(key)
  }

  /** Entries of a range, read at once so that no cursor stays open between two turns of the event loop. */
  range(database: Bytes, { start, end, reverse = false, limit, after, snapshot }: RangeRequest): Entry[] {
    const [from, to] = reverse ? [after ?? end, start] : [after ?? start, end]
    const entries = database.getRange({
      start: from,
      end: to,
      reverse,
      ...(after ? { exclusiveStart: true } : {}),
      ...(limit === undefined ? {} : { limit }),
      ...(snapshot ? { transaction: snapshot } : {}),
    })
    return Array.from(entries) as Entry[]
  }

  get(database: Bytes, key: Buffer, snapshot?: Snapshot): Buffer | undefined {
    if (!snapshot) return database.get(key)
    // Inside a write lmdb's `get` reads the write whatever transaction it is given; its ranges do as they are told.
    return this.range(database, { start: key, end: Buffer.concat([key, zero]), limit: 1, snapshot })[0]?.value
  }

  openSnapshot(): Snapshot {
    return this.#root.useReadTransaction()
  }

  async close(): Promise<void> {
    await this.write(() => undefined).catch(() => undefined /* a failed store has nothing left to flush */)
    await this.#root.close()
  }
}

const zero = Buffer.alloc(1)

/** A counter as six bytes that sort: enough for 2.8e14 of anything. */
export function sequenceKey(prefix: number, sequence: number): Buffer {
  const key = Buffer.allocUnsafe(10)
  key.writeUInt32BE(prefix, 0)
  key.writeUIntBE(sequence, 4, 6)
  return key
}

export function prefixKey(prefix: number, rest: Uint8Array): Buffer {
  const key = Buffer.allocUnsafe(4 + rest.length)
  key.writeUInt32BE(prefix, 0)
  key.set(rest, 4)
  return key
}
