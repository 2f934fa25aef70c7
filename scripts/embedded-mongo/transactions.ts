// Transactions on one node: reads from a snapshot, changes kept aside until commit, and every changed document held so
// that whoever comes second gives way. LMDB's write lock is never held across a client's round trips.
import type { Long } from 'bson'
import type { Collection } from './catalog.ts'
import { keyHold, planIndexes, recordHold, duplicateKey, type Data, type Store, type Version } from './data.ts'
import { Failure } from './failure.ts'
import type { Change } from './history.ts'
import { sequenceKey, type Snapshot } from './storage.ts'
import type { Doc } from './values.ts'

type Operation = {
  collection: Collection
  record: number
  before: Version | undefined
  after: Version | undefined
  kind: Change['kind']
}

export type Session = {
  key: string
  lsid: Doc
  txnNumber: bigint
  state: 'none' | 'active' | 'committed' | 'aborted'
  transaction?: Transaction
}

export class Transaction implements Data {
  readonly snapshot: Snapshot
  readonly ended: Promise<void>
  readonly #store: Store
  readonly #changed = new Map<Collection, Map<number, Version | null>>()
  readonly #operations: Operation[] = []
  readonly #held = new Set<string>()
  readonly #keys = new Map<string, number | null>()
  #end: () => void = () => undefined

  constructor(store: Store) {
    this.#store = store
    this.snapshot = store.storage.openSnapshot()
    this.ended = new Promise((resolve) => (this.#end = resolve))
  }

  overlay(collection: Collection): Map<number, Version | null> | undefined {
    return this.#changed.get(collection)
  }

  read(collection: Collection, record: number): Buffer | undefined {
    const changed = this.#changed.get(collection)?.get(record)
    if (changed !== undefined) return changed?.bytes
    return this.#store.storage.get(this.#store.storage.documents, sequenceKey(collection.id, record), this.snapshot)
  }

  put(
    collection: Collection,
    record: number,
    before: Version | undefined,
    after: Version | undefined,
    kind: Change['kind'],
  ): void {
    const { storage } = this.#store
    this.#hold(recordHold(collection, record))
    if (!this.#changed.get(collection)?.has(record)) {
      const current = storage.get(storage.documents, sequenceKey(collection.id, record))
      if (before ? !current?.equals(before.bytes) : current) throw writeConflict()
    }
    for (const { index, added, removed } of planIndexes(collection, before?.doc, after?.doc)) {
      if (!index.unique) continue
      for (const key of removed) this.#keys.set(key.toString('latin1'), null)
      for (const key of added) {
        this.#hold(keyHold(key))
        const name = key.toString('latin1')
        const own = this.#keys.get(name)
        if (typeof own === 'number' && own !== record) throw duplicateKey(collection, index, after!.doc)
        const found = own === undefined ? storage.get(storage.indexes, key) : undefined
        if (found && found.readUIntBE(0, 6) !== record)
          throw storage.get(storage.indexes, key, this.snapshot)
            ? duplicateKey(collection, index, after!.doc)
            : writeConflict()
        this.#keys.set(name, record)
      }
    }
    this.#operations.push({ collection, record, before, after, kind })
    let records = this.#changed.get(collection)
    if (!records) this.#changed.set(collection, (records = new Map()))
    records.set(record, after ?? null)
  }

  #hold(name: string): void {
    const holder = this.#store.holds.get(name)
    if (holder && holder !== this) throw writeConflict()
    this.#store.holds.set(name, this)
    this.#held.add(name)
  }

  /** Inside a write: everything was checked when it was held, so nothing can fail here. */
  commit(lsid: Doc, txnNumber: Long): void {
    if (this.#operations.length > 0) this.#store.history.tick()
    for (const { collection, record, before, after, kind } of this.#operations)
      if (this.#store.catalog.find(collection.db, collection.name) === collection)
        this.#store.apply(collection, record, before, after, kind, { lsid, txnNumber })
  }

  /** Lets go of everything, after a commit or instead of one. */
  release(): void {
    for (const name of this.#held) this.#store.holds.delete(name)
    this.#held.clear()
    this.snapshot.done()
    this.#end()
  }
}

export function writeConflict(): Failure {
  return new Failure(
    'WriteConflict',
    'Caused by :: Write conflict during plan execution and yielding is disabled. :: Please retry your operation or multi-document transaction.',
    transient,
  )
}

const transient = { errorLabels: ['TransientTransactionError'] }

export class Sessions {
  readonly #store: Store
  readonly #lifetimeMs: number
  readonly #sessions = new Map<string, Session>()
  readonly #timers = new Map<Session, NodeJS.Timeout>()
  readonly #byConnection = new Map<unknown, Set<Session>>()

  constructor(store: Store, lifetimeMs: number) {
    this.#store = store
    this.#lifetimeMs = lifetimeMs
  }

  /** The transaction a command belongs to, started by its first command. */
  enter(command: Doc, connection: unknown): Session {
    const session = this.find(command)
    const number = BigInt(command['txnNumber'].toString())
    if (command['startTransaction'] === true) {
      if (number < session.txnNumber) throw tooOld(number, session)
      if (number === session.txnNumber && session.state !== 'none')
        throw new Failure(
          'NoSuchTransaction',
          `Given transaction number ${number} does not match any in-progress transactions.`,
          transient,
        )
      this.abort(session)
      session.txnNumber = number
      session.state = 'active'
      session.transaction = new Transaction(this.#store)
      this.#timers.set(session, setTimeout(() => this.abort(session), this.#lifetimeMs).unref())
      this.#sessions.set(session.key, session)
    } else if (number < session.txnNumber) throw tooOld(number, session)
    else if (number !== session.txnNumber || session.state === 'none' || session.state === 'aborted')
      throw new Failure(
        'NoSuchTransaction',
        `Given transaction number ${number} does not match any in-progress transactions. The active transaction number is ${session.txnNumber}`,
        transient,
      )
    for (const others of this.#byConnection.values()) others.delete(session)
    const own = this.#byConnection.get(connection) ?? new Set()
    this.#byConnection.set(connection, own.add(session))
    return session
  }

  find(command: Doc): Session {
    const lsid = command['lsid'] as Doc
    const key = lsid['id'].toString('hex') as string
    return this.#sessions.get(key) ?? { key, lsid, txnNumber: -1n, state: 'none' }
  }

  async commit(session: Session, txnNumber: Long): Promise<void> {
    const { transaction } = session
    if (session.state === 'committed') return
    if (!transaction) throw new Failure('NoSuchTransaction', `Transaction ${txnNumber} has been aborted.`, transient)
    clearTimeout(this.#timers.get(session))
    delete session.transaction
    try {
      await this.#store.storage.write(() => transaction.commit(session.lsid, txnNumber))
      session.state = 'committed'
    } finally {
      transaction.release()
    }
  }

  abort(session: Session): void {
    clearTimeout(this.#timers.get(session))
    this.#timers.delete(session)
    if (!session.transaction) return
    session.transaction.release()
    delete session.transaction
    session.state = 'aborted'
  }

  end(command: Doc): void {
    const session = this.find(command)
    this.abort(session)
    this.#sessions.delete(session.key)
  }

  /** A client that went away in the middle of a transaction has given it up. */
  disconnected(connection: unknown): void {
    for (const session of this.#byConnection.get(connection) ?? []) this.abort(session)
    this.#byConnection.delete(connection)
  }

  close(): void {
    for (const session of this.#sessions.values()) this.abort(session)
  }
}

function tooOld(number: bigint, session: Session): Failure {
  return new Failure(
    'TransactionTooOld',
    `Cannot start transaction ${number} on session because a newer transaction ${session.txnNumber} has already started.`,
  )
}
