// A MongoDB for one test file: the one MONGODB_URI names, otherwise an embedded one in a folder of its own.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient, type Db } from 'mongodb'
import { openEmbedded, type EmbeddedOptions } from './embedded-server.ts'

export const isEmbedded = !process.env['MONGODB_URI']

export type TestMongo = { uri: string; client: MongoClient; database(): Db; close(): Promise<void> }

export async function openForTest(options: Partial<EmbeddedOptions> = {}): Promise<TestMongo> {
  const given = process.env['MONGODB_URI']
  const dataDir = mkdtempSync(join(tmpdir(), 'embedded-mongo-'))
  const opened = given ? undefined : await openEmbedded({ dataDir, ...options })
  const uri = given ?? opened!.uri
  const client = await MongoClient.connect(uri, {
    writeConcern: { w: 'majority', journal: true },
    readConcern: { level: 'majority' },
  })
  const used: Db[] = []
  return {
    uri,
    client,
    database: () => {
      const database = client.db(`test_${process.pid}_${used.length}_${Date.now()}`)
      used.push(database)
      return database
    },
    close: async () => {
      if (given) for (const database of used) await database.dropDatabase()
      await client.close()
      await opened?.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
