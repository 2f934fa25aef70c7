// `npm run measure:idle -- --sessions 50`: links so many pretend phones, starts the connector anew with ten of them and
// with all, waits until it is idle, collects its garbage and prints what a session costs: the slope of its memory, and
// its CPU. Needs Linux.
import { mkdtempSync, rmSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openStore } from '../shared/store/open-store.ts'
import { settleMemory, untilIdle } from './bench/idle.ts'
import { inspected } from './bench/inspector.ts'
import { rssMb } from './bench/process-cost.ts'
import { createHttp } from './demo/clients.ts'
import { startChild } from './start/child.ts'

const first = 10
const giveUpMs = 120_000

const { values } = parseArgs({ options: { sessions: { type: 'string', default: '50' } } })
const total = Number(values.sessions)
if (!Number.isInteger(total) || total <= first) {
  process.stderr.write(`--sessions must be a whole number above ${first}\n`)
  process.exit(1)
}
const progress = (line: string) => process.stderr.write(`${line}\n`)
const say = (line: string) => process.stdout.write(`${line}\n`)

async function run(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'wastream-idle-'))
  const secretKey = randomBytes(32).toString('base64')
  const [mongo, sandbox] = await Promise.all([
    startChild('scripts/mongo.ts', { DATA_DIR: dataDir }),
    startChild('scripts/sandbox/main.ts', { SANDBOX_PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'error' }),
  ])
  const uri = mongo.ready['uri'] ?? ''
  const store = await openStore({ uri, secretKey })
  const feed = await store.openFeed()
  const door = createHttp(sandbox.ready['sandbox'] ?? '')
  const startConnector = (sessions: number) =>
    startChild('connector/main.ts', {
      MONGODB_URI: uri,
      SECRET_KEY: secretKey,
      SANDBOX_URL: sandbox.ready['sandbox'] ?? '',
      CONNECTOR_PORT: '0',
      CONNECTOR_ROLES: 'sessions',
      CONNECTOR_MAX_SESSIONS: String(sessions),
      LOG_LEVEL: 'warn',
      NODE_OPTIONS: inspected,
    })
  /** Resolves when that many sessions have said that they are connected, from now on. */
  const untilConnected = (count: number) =>
    new Promise<void>((resolve, reject) => {
      const seen = new Set<string>()
      const timer = setTimeout(
        () => reject(new Error(`only ${seen.size} of ${count} sessions were connected in time`)),
        giveUpMs,
      )
      const unlisten = feed.listen((change) => {
        if (change.kind !== 'event' || change.event.type !== 'session.connected') return
        if (seen.add(change.event.stream).size < count) return
        clearTimeout(timer)
        unlisten()
        resolve()
      })
    })

  async function link(i: number): Promise<void> {
    const id = `idle-${i}`
    const phone = await door('POST', '/phones', { name: `Phone ${i}` })
    const connected = new Promise<void>((resolve, reject) => {
      const unlisten = feed.listen((change) => {
        if (change.kind !== 'event' || change.event.stream !== id) return
        if (change.event.type === 'session.qr')
          door('POST', `/phones/${String(phone['phone'])}/scan`, { qr: change.event.data['code'] }).catch(reject)
        if (change.event.type !== 'session.connected') return
        unlisten()
        resolve()
      })
    })
    await store.sessions.create(id, { sandbox: true })
    await store.leases.create(id)
    await connected
  }

  const linking = await startConnector(total)
  for (let i = 0; i < total; i += 1) await link(i)
  progress(`${total} linked`)
  await linking.stop()

  const rows: { sessions: number; rss: number; cpu: number }[] = []
  for (const sessions of [first, total]) {
    const connected = untilConnected(sessions)
    const connector = await startConnector(sessions)
    await connected
    progress(`${sessions} connected; waiting until the connector is idle`)
    const cpu = await untilIdle(connector.pid)
    await settleMemory(connector)
    rows.push({ sessions, rss: rssMb(connector.pid), cpu })
    progress(`stopped with ${await connector.stop().then(() => connector.exited)}`)
  }
  const [few, all] = rows
  const slope = ((all?.rss ?? 0) - (few?.rss ?? 0)) / (total - first)
  say(`MongoDB of this run: ${mongo.ready['mongodb']}`)
  say('sessions   RSS of the connector   CPU while idle')
  for (const { sessions, rss, cpu } of rows)
    say(
      `${String(sessions).padStart(8)}   ${rss.toFixed(1).padStart(16)} MB   ${(cpu * 100).toFixed(1).padStart(4)} % of a core`,
    )
  say(`RSS per idle session: ${slope.toFixed(2)} MB`)

  await feed.close()
  await store.close()
  await Promise.all([sandbox.stop(), mongo.stop()])
  rmSync(dataDir, { recursive: true, force: true })
}

run().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  },
)
