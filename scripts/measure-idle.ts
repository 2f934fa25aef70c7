// `npm run measure:idle -- --sessions 50`: links so many pretend phones in one connector, waits until it is idle, and
// prints what a session costs: the connector's memory with all of them against its memory with the first ten.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openStore } from '../shared/store/open-store.ts'
import { createHttp } from './demo/clients.ts'
import { startChild } from './start/child.ts'

const first = 10
/** Idle: no CPU to speak of for a while after the last link. */
const idleCpuMs = 100
const idleWindowMs = 5_000
const giveUpMs = 600_000

const { values } = parseArgs({ options: { sessions: { type: 'string', default: '50' } } })
const total = Number(values.sessions)
if (!Number.isInteger(total) || total <= first) {
  process.stderr.write(`--sessions must be a whole number above ${first}\n`)
  process.exit(1)
}
const say = (line: string) => process.stdout.write(`${line}\n`)
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const rssMb = (pid: number) =>
  Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim()) / 1024
/** User and system time so far, ms; /proc counts in hundredths. */
const cpuMs = (pid: number) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}

async function untilIdle(pid: number): Promise<void> {
  for (const startedAt = Date.now(); Date.now() - startedAt < giveUpMs;) {
    const before = cpuMs(pid)
    await sleep(idleWindowMs)
    if (cpuMs(pid) - before <= idleCpuMs) return
  }
  throw new Error('the connector does not become idle')
}

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
  const connector = await startChild('connector/main.ts', {
    MONGODB_URI: uri,
    SECRET_KEY: secretKey,
    SANDBOX_URL: sandbox.ready['sandbox'] ?? '',
    CONNECTOR_PORT: '0',
    CONNECTOR_ROLES: 'sessions',
    LOG_LEVEL: 'warn',
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

  const rows: { sessions: number; rss: number }[] = []
  const measure = async (sessions: number) => {
    await untilIdle(connector.pid)
    rows.push({ sessions, rss: rssMb(connector.pid) })
  }
  await measure(0)
  for (let i = 0; i < first; i += 1) await link(i)
  await measure(first)
  for (let i = first; i < total; i += 1) await link(i)
  await measure(total)

  const idleFrom = cpuMs(connector.pid)
  await sleep(idleWindowMs)
  const idleCpu = (cpuMs(connector.pid) - idleFrom) / idleWindowMs
  const [, few, all] = rows
  const slope = ((all?.rss ?? 0) - (few?.rss ?? 0)) / (total - first)
  say(`MongoDB of this run: ${mongo.ready['mongodb']}`)
  say('sessions   RSS of the connector')
  for (const { sessions, rss } of rows) say(`${String(sessions).padStart(8)}   ${rss.toFixed(1).padStart(7)} MB`)
  say(`RSS per idle session: ${slope.toFixed(2)} MB (from ${first} to ${total})`)
  say(`CPU while idle: ${(idleCpu * 100).toFixed(2)} % of a core for ${total} sessions`)

  await connector.stop()
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
