// Prints what the embedded server does per second: `node --import tsx scripts/embedded-mongo/measure.ts`.
// The server runs in a process of its own, as `npm run mongo` starts it; the client is the official driver.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { MongoClient } from 'mongodb'

const dataDir = mkdtempSync(join(tmpdir(), 'embedded-mongo-'))
const server = spawn(process.execPath, ['--import', 'tsx', resolve(import.meta.dirname, '../mongo.ts')], {
  env: { ...process.env, DATA_DIR: dataDir, MONGO_SKIP_DOWNLOAD: '1' },
  stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
})
let uri = ''
for await (const line of createInterface({ input: server.stdout! }))
  if (line.startsWith('ready ')) {
    uri = JSON.parse(line.slice(6)).uri
    break
  }
const client = await MongoClient.connect(uri, { writeConcern: { w: 'majority', journal: true } })
const things = client.db('measure').collection<{ _id: number; key: number; chat: string; text: string }>('things')
await things.createIndexes([{ key: { key: 1 }, unique: true }, { key: { chat: 1, key: -1 } }])
let next = 0
const insert = async (): Promise<void> => {
  const n = next++
  await things.insertOne({ _id: n, key: n, chat: `chat ${n % 10}`, text: 'x'.repeat(300) })
}
const any = (): number => Math.floor(Math.random() * next)

/** CPU time of the server on Linux, which other work on the machine does not change much; ticks are 10 ms. */
function serverCpuMs(): number {
  if (process.platform !== 'linux') return Number.NaN
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

async function rate(label: string, run: () => Promise<unknown>, count: number, atOnce = 1): Promise<void> {
  let left = count
  const [startedAt, cpuBefore] = [performance.now(), serverCpuMs()]
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) await run()
    }),
  )
  const tookMs = performance.now() - startedAt
  console.log(
    `${label}: ${Math.round((count / tookMs) * 1000)}/s, ${((tookMs / count) * atOnce).toFixed(2)} ms each, ${((serverCpuMs() - cpuBefore) / count).toFixed(3)} ms of server CPU`,
  )
}

for (let i = 0; i < 500; i++) await insert()
await rate('durable insert, one at a time', insert, 1000)
await rate('durable insert, 8 at once', insert, 6000, 8)
await rate('durable insert, 50 at once', insert, 10_000, 50)
await rate('find by _id', () => things.findOne({ _id: any() }), 3000)
await rate('find by unique key', () => things.findOne({ key: any() }), 3000)
await rate('update by key', () => things.updateOne({ key: any() }, { $inc: { n: 1 } }), 1000)
await rate('sorted page of 20', () => things.find({ chat: 'chat 3' }).sort({ key: -1 }).limit(20).toArray(), 1500)
await client.close()
server.disconnect()
server.once('exit', () => rmSync(dataDir, { recursive: true, force: true }))
