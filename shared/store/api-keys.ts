// API keys: looked up by hash, listed, revoked.
import type { Collection, Db, Filter, IndexDescription } from 'mongodb'
import type { ApiKey, CreateApiKey } from '../model/api-key.ts'
import { formatCursor, parseCursor, type Page } from '../model/page.ts'
import { createToken, hashText } from './cipher.ts'
import { isDuplicateKey } from './client.ts'

export const apiKeyIndexes: IndexDescription[] = [
  { key: { hash: 1 }, name: 'hash', unique: true }, // byToken()
  { key: { createdAt: -1, _id: 1 }, name: 'newest' }, // page()
]

/** Every key we make begins with it, so that a leaked one can be recognised by scanners. */
export const keyPrefix = 'wsk_'

export type ApiKeyStore = ReturnType<typeof createApiKeyStore>

export function createApiKeyStore(db: Db) {
  const keys: Collection<ApiKey> = db.collection('apiKeys')

  return {
    /** The token is returned once and never stored. */
    async create(input: CreateApiKey, createdBy: string): Promise<{ key: ApiKey; token: string }> {
      const token = keyPrefix + createToken(32)
      const key: ApiKey = {
        _id: createToken(12),
        hash: hashText(token),
        prefix: token.slice(0, keyPrefix.length + 6),
        name: input.name,
        scopes: input.scopes,
        ...(input.sessions ? { sessions: input.sessions } : {}),
        ...(input.expiresAt ? { expiresAt: input.expiresAt } : {}),
        createdAt: new Date(),
        createdBy,
      }
      await keys.insertOne(key)
      return { key, token }
    },

    /** Makes a given token the administrator's; safe to repeat and to race. */
    async ensureAdmin(token: string): Promise<void> {
      const row: ApiKey = {
        _id: createToken(12),
        hash: hashText(token),
        prefix: `${token.slice(0, 6)}…`,
        name: 'administrator',
        scopes: ['*'],
        createdAt: new Date(),
        createdBy: 'settings',
      }
      try {
        await keys.updateOne({ hash: row.hash }, { $setOnInsert: row }, { upsert: true })
      } catch (error) {
        if (!isDuplicateKey(error)) throw error
      }
    },

    async anyExists(): Promise<boolean> {
      return (await keys.findOne({}, { projection: { _id: 1 } })) !== null
    },

    /** The first administrator's token, to be shown once; `undefined` when there is a key already. Made once in a race. */
    async createFirst(): Promise<string | undefined> {
      if (await this.anyExists()) return undefined
      const token = keyPrefix + createToken(32)
      try {
        await keys.insertOne({
          _id: 'administrator',
          hash: hashText(token),
          prefix: token.slice(0, keyPrefix.length + 6),
          name: 'administrator',
          scopes: ['*'],
          createdAt: new Date(),
          createdBy: 'first start',
        })
      } catch (error) {
        if (isDuplicateKey(error)) return undefined
        throw error
      }
      return token
    },

    async byToken(token: string): Promise<ApiKey | null> {
      return keys.findOne({ hash: hashText(token) })
    },

    async read(id: string): Promise<ApiKey | null> {
      return keys.findOne({ _id: id })
    },

    /** Newest first. */
    async page(limit: number, cursor: string | undefined): Promise<Page<ApiKey>> {
      const filter: Filter<ApiKey> = {}
      if (cursor !== undefined) {
        const [at, id] = parseCursor('keys', cursor, ['date', 'string']) as [Date, string]
        filter.$or = [{ createdAt: { $lt: at } }, { createdAt: at, _id: { $gt: id } }]
      }
      const rows = await keys
        .find(filter)
        .sort({ createdAt: -1, _id: 1 })
        .limit(limit + 1)
        .toArray()
      const data = rows.slice(0, limit)
      const last = data.at(-1)
      return { data, nextCursor: rows.length > limit && last ? formatCursor('keys', [last.createdAt, last._id]) : null }
    },

    /** `null` when there is no such key; revoking twice keeps the first time. */
    async revoke(id: string): Promise<ApiKey | null> {
      await keys.updateOne({ _id: id, revokedAt: { $exists: false } }, { $set: { revokedAt: new Date() } })
      return keys.findOne({ _id: id })
    },
  }
}
