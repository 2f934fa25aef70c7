// What is measured, in processes of its own: a MongoDB, a sandbox, and on one side wastream, on the other bare Baileys.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FeedChange } from '../../shared/store/feed.ts'
import { openStore, type Store } from '../../shared/store/open-store.ts'
import { createHttp } from '../demo/clients.ts'
import { openDoor } from '../sandbox/test/client.ts'
import { startChild, type Child } from '../start/child.ts'
import type { Task as BareTask } from './bare.ts'
import { inParallel } from './in-parallel.ts'

/** A program that is steered by tasks. */
export type Steered<Task> = { readonly child: Child; tell<T = object>(task: Task): Promise<T> }
export type Stack = Awaited<ReturnType<typeof openStack>>

const linksAtOnce = 4

/** The first administrator's key of this run. */
const adminKey = `bench-${randomBytes(18).toString('hex')}`

export async function openStack() {
  const dataDir = mkdtempSync(join(tmpdir(), 'wastream-bench-'))
  const secretKey = randomBytes(32).toString('base64')
  const dbName = `bench_${randomBytes(4).toString('hex')}`
  const mongo = await startChild('scripts/mongo.ts', {
    DATA_DIR: dataDir,
    ...(process.env['MONGODB_URI'] ? { MONGODB_URI: process.env['MONGODB_URI'] } : {}),
  })
  const uri = mongo.ready['uri'] ?? ''
  const sandbox = await startChild('scripts/sandbox/main.ts', {
    SANDBOX_PORT: '0',
    DATA_DIR: dataDir,
    LOG_LEVEL: 'error',
  })
  const sandboxUrl = sandbox.ready['sandbox'] ?? ''
  const store = await openStore({ uri, dbName, secretKey })
  const feed = await store.openFeed()
  const door = openDoor(sandboxUrl)
  const opened: Child[] = []
  const stores: Store[] = [store]
  const shared = {
    MONGODB_URI: uri,
    MONGODB_DB: dbName,
    SECRET_KEY: secretKey,
    SANDBOX_URL: sandboxUrl,
    LOG_LEVEL: 'warn',
  }
  const start = async (program: string, env: Record<string, string>) => {
    const child = await startChild(program, env)
    opened.push(child)
    return child
  }

  async function startSteered<Task>(program: string, env: Record<string, string> = {}): Promise<Steered<Task>> {
    const child = await start(program, { SANDBOX_URL: sandboxUrl, ...env })
    const call = createHttp(child.ready['control'] ?? '')
    return { child, tell: (task) => call('POST', '/', task as object) as never }
  }

  const stack = {
    /** `embedded`, `binary`, `download` or `uri`. */
    mongodb: mongo.ready['mongodb'] ?? '',
    mongoPid: mongo.pid,
    sandboxPid: sandbox.pid,
    dataDir,
    store,
    door,
    start,

    /** Another database on the same MongoDB; the stack closes it. */
    async openDatabase(name: string): Promise<{ env: { MONGODB_DB: string }; store: Store }> {
      const other = await openStore({ uri, dbName: `${dbName}_${name}`, secretKey })
      stores.push(other)
      return { env: { MONGODB_DB: `${dbName}_${name}` }, store: other }
    },

    /** The environment of a program that uses this MongoDB. */
    mongoEnv: { MONGODB_URI: uri, MONGODB_DB: dbName },

    async createToken(): Promise<string> {
      return (await store.apiKeys.create({ name: 'bench', scopes: ['*'] }, 'bench')).token
    },

    startConnector: (env: Record<string, string> = {}) =>
      start('connector/main.ts', { ...shared, CONNECTOR_PORT: '0', CONNECTOR_ROLES: 'sessions', ...env }),

    async startApi(env: Record<string, string> = {}) {
      const child = await start('functions/entry/node.ts', {
        ...shared,
        PORT: '0',
        ADMIN_API_KEY: adminKey,
        RATE_LIMIT_PER_MINUTE: '1000000',
        ...env,
      })
      const url = child.ready['api'] ?? ''
      return { child, url, key: adminKey, http: createHttp(url, adminKey) }
    },

    startBare: (env: Record<string, string> = {}) => startSteered<BareTask>('scripts/bench/bare.ts', env),
    startSteered,

    /** Resolves when `fits` has been true of so many changes. Begin to listen before what causes them. */
    until(count: number, fits: (change: FeedChange) => boolean, timeoutMs = 300_000): Promise<void> {
      return new Promise((resolve, reject) => {
        let seen = 0
        const timer = setTimeout(() => reject(new Error(`only ${seen} of ${count} came in time`)), timeoutMs)
        const unlisten = feed.listen((change) => {
          if (!fits(change)) return
          seen += 1
          if (seen < count) return
          clearTimeout(timer)
          unlisten()
          resolve()
        })
      })
    },

    /** Links so many new phones through the running connector; sessions `<name>-0`, `<name>-1` … */
    async link(name: string, sessions: number): Promise<{ id: string; phone: string }[]> {
      const ids = Array.from({ length: sessions }, (_, i) => `${name}-${i}`)
      return inParallel(ids, linksAtOnce, async (id) => {
        const { phone } = await door.post<{ phone: string }>('/phones')
        const stop = feed.listen((change) => {
          if (change.kind !== 'event' || change.event.stream !== id || change.event.type !== 'session.qr') return
          stop()
          void door.post(`/phones/${phone}/scan`, { qr: String(change.event.data['code']) })
        })
        const connected = stack.untilConnected([id])
        await store.sessions.create(id, { sandbox: true })
        await store.leases.create(id)
        await connected
        return { id, phone }
      })
    },

    /** Resolves when each of these has said that it is connected, from now on. */
    untilConnected(ids: readonly string[]): Promise<void> {
      const missing = new Set(ids)
      return stack.until(
        ids.length,
        (change) =>
          change.kind === 'event' && change.event.type === 'session.connected' && missing.delete(change.event.stream),
      )
    },

    async close(): Promise<void> {
      await Promise.all(opened.map((child) => child.stop()))
      await feed.close()
      await Promise.all(stores.map((one) => one.close()))
      await Promise.all([sandbox.stop(), mongo.stop()])
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
  return stack
}
