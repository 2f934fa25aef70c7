// A store of a test's own: a fresh database on the run's MongoDB, dropped when it is closed.
import { randomBytes } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { inject } from 'vitest'
import { openStore, type OpenStoreOptions, type Store } from '../../shared/store/open-store.ts'

export const testSecret = Buffer.alloc(32, 7).toString('base64')

export type TestStore = { store: Store; uri: string; dbName: string; close: () => Promise<void> }

export function freshDbName(): string {
  return `test_${randomBytes(6).toString('hex')}`
}

export async function dropDb(uri: string, dbName: string): Promise<void> {
  const client = new MongoClient(uri)
  await client.db(dbName).dropDatabase()
  await client.close()
}

export async function openTestStore(options: Partial<OpenStoreOptions> = {}): Promise<TestStore> {
  const uri = options.uri ?? inject('mongodbUri')
  const dbName = freshDbName()
  const store = await openStore({ uri, dbName, secretKey: testSecret, ...options })
  return {
    store,
    uri,
    dbName,
    async close() {
      await store.close()
      await dropDb(inject('mongodbUri'), dbName)
    },
  }
}
