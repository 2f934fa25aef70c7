// A MongoDB replica set, wherever this runs: the one given, a mongod that is here, one that can be downloaded, or the
// embedded server. Which one it became is in `kind`, and each step passed over is logged with its reason.
import { MongoClient } from 'mongodb'
import { openEmbedded } from './embedded-server.ts'
import { downloadMongod, findMongod, runMongod } from './mongod.ts'

export type MongoKind = 'uri' | 'binary' | 'download' | 'embedded'

export type OpenMongoOptions = {
  /** Where data lives that must survive a restart. Held by one process at a time. */
  dataDir: string
  /** A replica set or a sharded cluster. A standalone server is refused: it has no change streams. */
  uri?: string | undefined
  log?: (line: string) => void
  /** Default: any free port. */
  port?: number
  /** Default: false. Goes from "no mongod here" straight to the embedded server. */
  skipDownload?: boolean
}

export type OpenedMongo = { uri: string; kind: MongoKind; close(): Promise<void> }

const connectTimeoutMs = 5000

export async function openMongo({
  dataDir,
  uri,
  log = console.error,
  port = 0,
  skipDownload = false,
}: OpenMongoOptions): Promise<OpenedMongo> {
  if (uri) {
    await checkReplicaSet(uri)
    return { uri, kind: 'uri', close: () => Promise.resolve() }
  }
  const here = await findMongod()
  if (here) return { ...(await runMongod(here, dataDir, port)), kind: 'binary' }
  if (!skipDownload) {
    try {
      const downloaded = await downloadMongod(log)
      return { ...(await runMongod(downloaded, dataDir, port)), kind: 'download' }
    } catch (error) {
      log(`No mongod on this machine and none can be downloaded: ${(error as Error).message}`)
    }
  }
  const embedded = await openEmbedded({ dataDir, port, log })
  log('MongoDB: the embedded server, for trying out and testing. Set MONGODB_URI for a real one.')
  return { uri: embedded.uri, kind: 'embedded', close: () => embedded.close() }
}

/** Rejects with the driver's own error when nobody answers. */
export async function checkReplicaSet(uri: string): Promise<void> {
  const client = await MongoClient.connect(uri, {
    serverSelectionTimeoutMS: connectTimeoutMs,
    connectTimeoutMS: connectTimeoutMs,
  })
  try {
    const hello = await client.db('admin').command({ hello: 1 })
    if (hello['setName'] === undefined && hello['msg'] !== 'isdbgrid')
      throw new Error(
        'MONGODB_URI leads to a standalone server, which has no change streams: run it as a replica set (one member is enough).',
      )
  } finally {
    await client.close()
  }
}
