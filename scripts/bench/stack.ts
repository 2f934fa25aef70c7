// What is measured, in processes of its own: a MongoDB, a sandbox, and on one side wastream, on the other bare Baileys.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FeedChange } from '../../shared/store/feed.ts'
import { openStore } from '../../shared/store/open-store.ts'
import { createHttp } from '../demo/clients.ts'
import { openDoor } from '../sandbox/test/client.ts'
import { startChild, type Child } from '../start/child.ts'
import type { Task } from './bare.ts'

export type Bare = { readonly child: Child; tell<T = object>(task: Task): Promise<T> }

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

  const stack = {
    /** `embedded`, `binary`, `download` or `uri`. */
    mongodb: mongo.ready['mongodb'] ?? '',
    mongoPid: mongo.pid,
    sandboxPid: sandbox.pid,
    store,
    door,

    startConnector: (env: Record<string, string> = {}) =>
      start('connector/main.ts', { ...shared, CONNECTOR_PORT: '0', CONNECTOR_ROLES: 'sessions', ...env }),

    async startApi() {
      const child = await start('functions/entry/node.ts', {
        ...shared,
        PORT: '0',
        ADMIN_API_KEY: adminKey,
        RATE_LIMIT_PER_MINUTE: '1000000',
      })
      const url = child.ready['api'] ?? ''
      return { child, url, key: adminKey, http: createHttp(url, adminKey) }
    },

    async startBare(): Promise<Bare> {
      const child = await start('scripts/bench/bare.ts', { SANDBOX_URL: sandboxUrl, NODE_OPTIONS: '--expose-gc' })
      const call = createHttp(child.ready['control'] ?? '')
      return { child, tell: (task) => call('POST', '/', task) as never }
    },

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
      const linked: { id: string; phone: string }[] = []
      for (let i = 0; i < sessions; i += 1) {
        const id = `${name}-${i}`
        const { phone } = await door.post<{ phone: string }>('/phones')
        const stop = feed.listen((change) => {
          if (change.kind !== 'event' || change.event.stream !== id || change.event.type !== 'session.qr') return
          stop()
          void door.post(`/phones/${phone}/scan`, { qr: String(change.event.data['code']) })
        })
        const connected = stack.until(
          1,
          (change) =>
            change.kind === 'event' && change.event.stream === id && change.event.type === 'session.connected',
        )
        await store.sessions.create(id, { sandbox: true })
        await store.leases.create(id)
        await connected
        linked.push({ id, phone })
      }
      return linked
    },

    async close(): Promise<void> {
      await Promise.all(opened.map((child) => child.stop()))
      await feed.close()
      await store.close()
      await Promise.all([sandbox.stop(), mongo.stop()])
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
  return stack
}
