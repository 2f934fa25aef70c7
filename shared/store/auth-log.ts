// The key store's durable half: an append-only log per session, folded into `authKeys` now and then.
// The log is also the fence: a new owner's first act is to append its fence row, and a stalled owner that wakes up
// finds its next number taken, reads the fence and stops.
import { Binary, type Collection, type Db, type IndexDescription, type MongoClient } from 'mongodb'
import type { Cipher } from './cipher.ts'
import { isDuplicateKey } from './client.ts'
import { createCoalescer, type Outcome } from './coalesce.ts'
import { Problem } from '../model/problem.ts'
import { insertInOrder } from './insert-in-order.ts'
import { mergeEncoded, unpackEncoded, type Encoded } from './key-commit.ts'

type RowId = { sessionId: string; n: number }
type AuthRow = { _id: RowId; kind: 'commit' | 'fence'; epoch: number; key: string; body?: Binary; at: Date }
type KeyId = { sessionId: string; type: string; id: string }
type AuthKey = { _id: KeyId; body: Binary }
type AuthCreds = { _id: string; epoch: number; foldedTo: number; body?: Binary }

/** `authLog`, `authKeys` and `authCreds` are read by ranges and points on `_id` only. */
export const authIndexes: IndexDescription[] = []

/** Another owner stands behind its fence: nothing of ours is accepted any more. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
}

export type LoadedAuth = {
  creds: Uint8Array | undefined
  /** Folded keys, those of `lazyTypes` left out. */
  keys: { type: string; id: string; body: Uint8Array }[]
  /** Commits after the fold, in order. */
  commits: Uint8Array[]
  /** The number after our fence row. */
  nextN: number
}

export type Fold = {
  /** Every commit up to and including this number is contained in the fold. */
  upTo: number
  creds?: Uint8Array
  puts: { type: string; id: string; body: Uint8Array }[]
  deletes: { type: string; id: string }[]
}

/** As Baileys writes it: JSON with its own notation for bytes. */
export type KeptKey = { type: string; id: string; json: string }

const credsName = 'creds\ncreds'
const plantBatch = 1_000
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8')

export type AuthLogStore = ReturnType<typeof createAuthLogStore>

export function createAuthLogStore(client: MongoClient, db: Db, cipher: Cipher) {
  const log: Collection<AuthRow> = db.collection('authLog')
  const keys: Collection<AuthKey> = db.collection('authKeys')
  const creds: Collection<AuthCreds> = db.collection('authCreds')

  const rowsOf = (sessionId: string, after: number) => ({
    _id: { $gt: { sessionId, n: after }, $lte: { sessionId, n: Number.MAX_SAFE_INTEGER } },
  })
  const keysOf = (sessionId: string, type?: string) => ({
    _id:
      type === undefined
        ? { $gte: { sessionId, type: '', id: '' }, $lt: { sessionId: `${sessionId}\u0000`, type: '', id: '' } }
        : { $gte: { sessionId, type, id: '' }, $lt: { sessionId, type: `${type}\u0000`, id: '' } },
  })
  const rowPlace = (id: RowId) => `authLog/${id.sessionId}/${id.n}`
  const keyPlace = (id: KeyId) => `authKeys/${id.sessionId}/${id.type}/${id.id}`
  const credsPlace = (sessionId: string) => `authCreds/${sessionId}`
  const bytesOf = (binary: Binary | Uint8Array) => (binary instanceof Binary ? binary.value() : binary)

  async function lastRowOf(sessionId: string): Promise<Pick<AuthRow, '_id' | 'epoch'> | undefined> {
    const [last] = await log
      .find(rowsOf(sessionId, 0), { projection: { _id: 1, epoch: 1 } })
      .sort({ _id: -1 })
      .limit(1)
      .toArray()
    return last
  }

  async function headOf(sessionId: string): Promise<number> {
    const last = await lastRowOf(sessionId)
    const folded = await creds.findOne({ _id: sessionId }, { projection: { foldedTo: 1 } })
    return Math.max(last?._id.n ?? 0, folded?.foldedTo ?? 0)
  }

  async function insertRow(row: AuthRow): Promise<AuthRow | 'written'> {
    try {
      await log.insertOne(row)
      return 'written'
    } catch (error) {
      if (!isDuplicateKey(error)) throw error
      const standing = await log.findOne({ _id: row._id })
      if (!standing) return insertRow(row)
      return standing.key === row.key && standing.epoch === row.epoch ? 'written' : standing
    }
  }

  /** Commits of several sessions; where one meets a row that stands, the outcome is that row. */
  async function insertCommits(rows: readonly AuthRow[]): Promise<Outcome<AuthRow | 'written'>[]> {
    const outcomes: Outcome<AuthRow | 'written'>[] = await insertInOrder(log, rows)
    for (const [i, row] of rows.entries()) if ('error' in outcomes[i]!) outcomes[i] = { value: await insertRow(row) }
    return outcomes
  }
  const insertCommit = createCoalescer(insertCommits)

  /** From now on only this epoch folds. Throws LeaseLost when it belongs to a later one. */
  async function claimFold(sessionId: string, epoch: number): Promise<AuthCreds> {
    const claimed = await creds
      .findOneAndUpdate(
        { _id: sessionId, epoch: { $lte: epoch } },
        { $set: { epoch }, $setOnInsert: { foldedTo: 0 } },
        { upsert: true, returnDocument: 'after' },
      )
      .catch((error: unknown) => {
        if (isDuplicateKey(error)) throw new LeaseLost(`${sessionId}: the fold belongs to a later epoch`)
        throw error
      })
    if (!claimed) throw new LeaseLost(`${sessionId}: the fold belongs to a later epoch`)
    return claimed
  }

  async function readAllOnce(sessionId: string): Promise<{ creds: string; keys: KeptKey[] } | 'moved' | undefined> {
    const placeOf = async () => [
      (await lastRowOf(sessionId))?._id.n ?? 0,
      (await creds.findOne({ _id: sessionId }, { projection: { foldedTo: 1 } }))?.foldedTo ?? 0,
    ]
    const before = await placeOf()
    const folded = await creds.findOne({ _id: sessionId })
    const all: Encoded = new Map()
    for await (const { _id, body } of keys.find(keysOf(sessionId)))
      all.set(`${_id.type}\n${_id.id}`, { ..._id, json: textOf(cipher.open(bytesOf(body), keyPlace(_id))) })
    if (folded?.body) {
      const json = textOf(cipher.open(bytesOf(folded.body), credsPlace(sessionId)))
      all.set(credsName, { type: 'creds', id: 'creds', json })
    }
    for await (const row of log.find(rowsOf(sessionId, folded?.foldedTo ?? 0)).sort({ _id: 1 }))
      if (row.kind === 'commit' && row.body)
        mergeEncoded(all, unpackEncoded(cipher.open(bytesOf(row.body), rowPlace(row._id))))
    if ((await placeOf()).join() !== before.join()) return 'moved'
    const json = all.get(credsName)?.json
    if (typeof json !== 'string') return undefined
    all.delete(credsName)
    return {
      creds: json,
      keys: [...all.values()].flatMap(({ type, id, json }) => (json === null ? [] : [{ type, id, json }])),
    }
  }

  return {
    /**
     * Everything that is kept of a link, folded, read while nobody writes it; `undefined` when there are no credentials.
     * Throws `session.running` when somebody wrote in between, three times in a row.
     */
    async readAll(sessionId: string): Promise<{ creds: string; keys: KeptKey[] } | undefined> {
      for (let tries = 1; ; tries += 1) {
        const read = await readAllOnce(sessionId)
        if (read !== 'moved') return read
        if (tries === 3) throw new Problem('session.running')
      }
    },

    /** Credentials and keys for a session that nobody holds yet. The credentials come last: without them keys are forgotten. */
    async plant(sessionId: string, given: { creds: string; keys: readonly KeptKey[] }): Promise<void> {
      for (let i = 0; i < given.keys.length; i += plantBatch)
        await keys.bulkWrite(
          given.keys.slice(i, i + plantBatch).map(({ type, id, json }) => {
            const _id = { sessionId, type, id }
            const body = new Binary(cipher.seal(Buffer.from(json), keyPlace(_id)))
            return { replaceOne: { filter: { _id }, replacement: { body }, upsert: true } }
          }),
        )
      const body = new Binary(cipher.seal(Buffer.from(given.creds), credsPlace(sessionId)))
      await creds.updateOne(
        { _id: sessionId },
        { $set: { body }, $setOnInsert: { epoch: 0, foldedTo: 0 } },
        { upsert: true },
      )
    },

    /** Takes back what was planted for a session that nobody has held. */
    async uproot(sessionId: string): Promise<void> {
      await creds.updateOne({ _id: sessionId }, { $unset: { body: 1 } })
      await keys.deleteMany(keysOf(sessionId))
    },

    /**
     * Appends our fence row and claims the fold. Repeatable: `key` names the fence. Returns the number after it.
     * Throws LeaseLost when an owner with a higher epoch stands there already.
     */
    async fence(sessionId: string, epoch: number, key: string): Promise<number> {
      let n = (await headOf(sessionId)) + 1
      // Epochs never go back in the log, and fences are never deleted: a later owner's row is the last one. Asked after
      // the head, so that a fence which is written from now on stands where ours would.
      const last = await lastRowOf(sessionId)
      if (last && last.epoch > epoch) throw new LeaseLost(`${sessionId}: epoch ${last.epoch}`)
      for (;;) {
        const standing = await insertRow({ _id: { sessionId, n }, kind: 'fence', epoch, key, at: new Date() })
        if (standing !== 'written') {
          if (standing.kind === 'fence' && standing.epoch > epoch)
            throw new LeaseLost(`${sessionId}: epoch ${standing.epoch}`)
          n += 1
          continue
        }
        const { foldedTo } = await claimFold(sessionId, epoch)
        if (foldedTo < n) return n + 1
        // The owner before us folded in that moment: what is written below its fold would never be read.
        n = foldedTo + 1
      }
    },

    /** Everything before our fence. `lazyTypes` stay in the database until `readKeys` asks for them. */
    async load(sessionId: string, nextN: number, lazyTypes: readonly string[]): Promise<LoadedAuth> {
      const folded = await creds.findOne({ _id: sessionId })
      const lazy = new Set(lazyTypes)
      const loaded: LoadedAuth['keys'] = []
      const skip = [...lazyTypes].sort()
      const bounds = skip.flatMap((type) => [type, `${type}\u0000`])
      // The key's type stands inside _id, so the lazy types are left out by reading the ranges between them.
      for (let i = 0; i <= bounds.length; i += 2) {
        const from = i === 0 ? '' : bounds[i - 1]
        const to = i === bounds.length ? undefined : bounds[i]
        const range = {
          $gte: { sessionId, type: from ?? '', id: '' },
          $lt:
            to === undefined ? { sessionId: `${sessionId}\u0000`, type: '', id: '' } : { sessionId, type: to, id: '' },
        }
        for await (const row of keys.find({ _id: range })) {
          if (lazy.has(row._id.type)) continue
          loaded.push({ type: row._id.type, id: row._id.id, body: cipher.open(bytesOf(row.body), keyPlace(row._id)) })
        }
      }
      const commits: Uint8Array[] = []
      for await (const row of log.find(rowsOf(sessionId, folded?.foldedTo ?? 0)).sort({ _id: 1 }))
        if (row.kind === 'commit' && row.body && row._id.n < nextN)
          commits.push(cipher.open(bytesOf(row.body), rowPlace(row._id)))
      return {
        creds: folded?.body ? cipher.open(bytesOf(folded.body), credsPlace(sessionId)) : undefined,
        keys: loaded,
        commits,
        nextN,
      }
    },

    /** Folded keys of one type, for types that are not held in memory. Missing ids are left out. */
    async readKeys(sessionId: string, type: string, ids: readonly string[]): Promise<Map<string, Uint8Array>> {
      const rows = await keys.find({ _id: { $in: ids.map((id) => ({ sessionId, type, id })) } }).toArray()
      return new Map(rows.map((row) => [row._id.id, cipher.open(bytesOf(row.body), keyPlace(row._id))]))
    },

    /**
     * One commit, at number `n` exactly. `key` names it, so that an unknown outcome may be tried again.
     * Throws LeaseLost when anything but this very commit stands there: one owner writes, so it is a fence.
     */
    async append(sessionId: string, n: number, epoch: number, key: string, body: Uint8Array): Promise<void> {
      const id = { sessionId, n }
      const sealed = new Binary(cipher.seal(body, rowPlace(id)))
      const standing = await insertCommit({ _id: id, kind: 'commit', epoch, key, body: sealed, at: new Date() })
      if (standing !== 'written') throw new LeaseLost(`${sessionId}: number ${n} was taken by epoch ${standing.epoch}`)
    },

    /** Moves commits into `authKeys` in one transaction; a late folder finds a higher epoch and fails with LeaseLost. */
    async fold(sessionId: string, epoch: number, fold: Fold): Promise<void> {
      await client.withSession((session) =>
        session.withTransaction(async () => {
          const body = fold.creds && new Binary(cipher.seal(fold.creds, credsPlace(sessionId)))
          const claimed = await creds.updateOne(
            { _id: sessionId, epoch },
            { $set: { foldedTo: fold.upTo, ...(body ? { body } : {}) } },
            { session },
          )
          if (claimed.matchedCount === 0) throw new LeaseLost(`${sessionId}: the fold belongs to another epoch`)
          const operations = [
            ...fold.puts.map(({ type, id, body: plain }) => {
              const _id = { sessionId, type, id }
              return {
                replaceOne: {
                  filter: { _id },
                  replacement: { body: new Binary(cipher.seal(plain, keyPlace(_id))) },
                  upsert: true,
                },
              }
            }),
            ...fold.deletes.map(({ type, id }) => ({ deleteOne: { filter: { _id: { sessionId, type, id } } } })),
          ]
          if (operations.length > 0) await keys.bulkWrite(operations, { session, ordered: true })
          await log.deleteMany(
            { _id: { $gt: { sessionId, n: 0 }, $lte: { sessionId, n: fold.upTo } }, kind: 'commit' },
            { session },
          )
        }),
      )
    },

    /** Forgets credentials and keys. Fence rows stay, so that a stalled owner can never write into a later life. */
    async wipe(sessionId: string, epoch: number, upTo: number): Promise<void> {
      const claimed = await creds.updateOne(
        { _id: sessionId, epoch },
        { $set: { foldedTo: upTo }, $unset: { body: 1 } },
      )
      if (claimed.matchedCount === 0) throw new LeaseLost(`${sessionId}: the fold belongs to another epoch`)
      await keys.deleteMany(keysOf(sessionId))
      await log.deleteMany({ _id: { $gt: { sessionId, n: 0 }, $lte: { sessionId, n: upTo } }, kind: 'commit' })
    },
  }
}
