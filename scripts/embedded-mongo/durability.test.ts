import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { MongoClient } from 'mongodb'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isEmbedded } from './open-for-test.ts'

const program = resolve(import.meta.dirname, '../mongo.ts')
let dataDir: string
const children: ChildProcess[] = []

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'embedded-mongo-'))
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(dataDir, { recursive: true, force: true })
})

type Started = { child: ChildProcess; uri: string | undefined; errors: string }

async function start(stdio: 'pipe' | 'ipc' = 'pipe'): Promise<Started> {
  const { MONGODB_URI: _given, ...env } = process.env
  const child = spawn(process.execPath, ['--import', 'tsx', program], {
    env: { ...env, DATA_DIR: dataDir, MONGO_SKIP_DOWNLOAD: '1' },
    stdio: stdio === 'ipc' ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let errors = ''
  child.stderr!.on('data', (text) => (errors += String(text)))
  for await (const line of createInterface({ input: child.stdout! }))
    if (line.startsWith('ready ')) return { child, uri: JSON.parse(line.slice(6)).uri, errors }
  return { child, uri: undefined, errors }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<unknown> {
  const exited = once(child, 'exit')
  child.kill(signal)
  return (await exited)[0]
}

// A given mongod is not ours to kill.
describe.runIf(isEmbedded)('npm run mongo', { timeout: 60_000 }, () => {
  test('a kill -9 in the middle of writing loses no acknowledged write', async () => {
    const acknowledged: number[] = []
    let next = 0
    for (let round = 0; round < 3; round++) {
      const { child, uri } = await start()
      const client = await MongoClient.connect(uri!, {
        writeConcern: { w: 'majority', journal: true },
        serverSelectionTimeoutMS: 500,
        retryWrites: false,
      })
      const things = client.db('d').collection<{ _id: number; key: string }>('things')
      await things.createIndex({ key: 1 }, { unique: true })
      const stored = new Set((await things.find().toArray()).map((doc) => doc._id))
      expect(acknowledged.filter((id) => !stored.has(id))).toEqual([])
      expect(await things.countDocuments({ key: { $gte: '' } }, { hint: 'key_1' })).toBe(stored.size)
      const enough = acknowledged.length + 300 + round * 130
      let isDead = false
      const writing = Array.from({ length: 8 }, async () => {
        while (!isDead) {
          const id = next++
          try {
            await things.insertOne({ _id: id, key: `k${id}` })
          } catch {
            // The process was killed under this write: it was never acknowledged.
            return
          }
          acknowledged.push(id)
          if (acknowledged.length >= enough && !isDead) {
            isDead = true
            child.kill('SIGKILL')
          }
        }
      })
      await Promise.all(writing)
      await client.close()
    }
    expect(acknowledged.length).toBeGreaterThan(900)
  })

  test('a folder in use is refused in one sentence, and free again after a kill -9; SIGTERM ends with 0', async () => {
    const first = await start()
    const second = await start()
    if (second.child.exitCode === null) await once(second.child, 'exit')
    expect(second.uri).toBeUndefined()
    expect(second.child.exitCode).toBe(1)
    expect(second.errors.trim()).toMatch(/is in use by another process/)
    await end(first.child, 'SIGKILL')
    const third = await start()
    expect(third.uri).toBeDefined()
    expect(await end(third.child, 'SIGTERM')).toBe(0)
  })

  test('it goes when its parent does', async () => {
    const { child } = await start('ipc')
    const exited = once(child, 'exit')
    child.disconnect()
    expect((await exited)[0]).toBe(0)
  })
})
