// Everything in processes of its own, on free ports and a throw-away folder: MongoDB, the sandbox, the API with its relay,
// two connectors with theirs, the receiver of webhooks.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { createHttp, type Json } from '../demo/clients.ts'
import { startChild, type Child } from '../start/child.ts'
import { createClient, type Client } from './client.ts'
import { leaseTtlMs } from './plan.ts'
import { openProgram, type Program } from './program.ts'
import { openSmallDisk, type SmallDisk } from '../testing/small-disk.ts'

export type Site = {
  api: Program
  connectors: [Program, Program]
  /** Receives webhooks: behaves as it is told, and writes what came into `journal`. */
  receiver: Program
  /** A path. */
  journal: string
  /** Absent: not ours to kill and freeze (MONGODB_URI, or a mongod that is not a child of ours). */
  mongodb: Program | undefined
  /** Absent: not wanted in this run, or mounting is not permitted. */
  disk: SmallDisk | undefined
  sandbox: Child
  door: (method: string, path: string, body?: object) => Promise<Json>
  client: Client
  token: string
  /** Where sockets may be opened: the API's relay, then the connectors'. */
  socketUrls(): string[]
  programs(): Program[]
  close(): Promise<void>
}

export type SiteOptions = {
  smallDisk: boolean
  note: (sentence: string) => void
  logLevel?: string
  /** More of the connectors' environment. */
  connectorEnv?: Record<string, string>
}

export async function openSite({ smallDisk, note, logLevel = 'info', connectorEnv = {} }: SiteOptions): Promise<Site> {
  const dataDir = mkdtempSync(join(tmpdir(), 'wastream-chaos-'))
  const givenUri = process.env['MONGODB_URI']
  const disk = smallDisk && !givenUri ? openSmallDisk() : undefined
  const token = randomBytes(24).toString('base64url')
  const dbName = `chaos_${randomBytes(6).toString('hex')}`
  const closers: (() => Promise<void> | void)[] = [
    () => rmSync(dataDir, { recursive: true, force: true }),
    () => disk?.close(),
  ]
  const close = async () => {
    for (const step of closers.toReversed()) await step()
  }
  const open = async (name: string, program: string, env: () => Record<string, string>): Promise<Program> => {
    const opened = await openProgram({ name, program, env, note })
    closers.push(() => opened.close())
    return opened
  }

  try {
    // What comes back must come back at the same address.
    const portOf = (known: Program | undefined, field: string) =>
      known ? new URL(known.ready()[field] ?? '').port : '0'
    let mongodb: Program | undefined
    if (!givenUri)
      mongodb = await open('MongoDB', 'scripts/mongo.ts', () => ({
        DATA_DIR: disk?.path ?? dataDir,
        MONGO_PORT: portOf(mongodb, 'uri'),
        MONGO_SKIP_DOWNLOAD: '1',
        // No PATH and no HOME: a mongod found there would be a grandchild, which a kill does not reach.
        PATH: '',
        HOME: dataDir,
      }))
    else closers.push(() => dropDatabase(givenUri, dbName))
    const sandbox = await startChild('scripts/sandbox/main.ts', {
      SANDBOX_PORT: '0',
      DATA_DIR: dataDir,
      LOG_LEVEL: 'warn',
    })
    closers.push(() => sandbox.stop())
    const env = {
      MONGODB_URI: givenUri ?? mongodb?.ready()['uri'] ?? '',
      MONGODB_DB: dbName,
      SECRET_KEY: randomBytes(32).toString('base64'),
      SANDBOX_URL: sandbox.ready['sandbox'] ?? '',
      LEASE_TTL_MS: String(leaseTtlMs),
      RATE_LIMIT_PER_MINUTE: '1000000',
      LOG_LEVEL: logLevel,
      LOG_FORMAT: 'json',
      // The receiver is on this machine.
      ALLOW_PRIVATE_ADDRESSES: 'on',
    }
    let api: Program | undefined
    api = await open('the API', 'scripts/start/serve.ts', () => ({
      ...env,
      ADMIN_API_KEY: token,
      PORT: portOf(api, 'api'),
    }))
    const openConnector = async (n: number): Promise<Program> => {
      let connector: Program | undefined
      connector = await open(`connector ${n}`, 'connector/main.ts', () => ({
        ...env,
        ...connectorEnv,
        CONNECTOR_ROLES: 'sessions,relay,webhooks',
        CONNECTOR_PORT: portOf(connector, 'relay'),
      }))
      return connector
    }
    const connectors: [Program, Program] = await Promise.all([openConnector(1), openConnector(2)])
    const journal = join(dataDir, 'received.jsonl')
    writeFileSync(journal, '')
    let known: Program | undefined
    const receiver = await open('the receiver', 'scripts/chaos/receiver/main.ts', () => ({
      JOURNAL: journal,
      RECEIVER_PORT: portOf(known, 'receiver'),
    }))
    known = receiver
    const apiUrl = api.ready()['api'] ?? ''
    const client = createClient(() => apiUrl, token)
    closers.push(() => client.close())
    const toSocket = (url: string | undefined) => `${(url ?? '').replace('http', 'ws')}/v1/ws`
    return {
      api,
      connectors,
      receiver,
      journal,
      mongodb: mongodb?.ready()['mongodb'] === 'embedded' ? mongodb : undefined,
      disk,
      sandbox,
      door: createHttp(sandbox.ready['sandbox'] ?? ''),
      client,
      token,
      socketUrls: () => [toSocket(apiUrl), ...connectors.map((one) => toSocket(one.ready()['relay']))],
      programs: () => [...(mongodb ? [mongodb] : []), api, ...connectors, receiver],
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function dropDatabase(uri: string, dbName: string): Promise<void> {
  const mongo = new MongoClient(uri)
  await mongo.db(dbName).dropDatabase()
  await mongo.close()
}
