// `npm start` as people meet it: ready, refused with one sentence, killed at any moment, and nothing left behind.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { processesOf } from '../testing/processes-of.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const adminKey = 'an-administrator-for-this-test'

type Started = {
  pid: number
  child: ChildProcess
  ready: Promise<Record<string, string>>
  exited: Promise<number | NodeJS.Signals>
  out: () => string
  says: (pattern: RegExp) => Promise<string>
}

const started: Started[] = []
const folders: string[] = []
afterEach(async () => {
  for (const one of started.splice(0)) {
    one.child.kill('SIGKILL')
    await one.exited
  }
  for (const folder of folders.splice(0)) {
    await none(folder)
    rmSync(folder, { recursive: true, force: true })
  }
})

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'wastream-start-'))
  folders.push(made)
  return made
}

const program = ['--import', 'tsx', 'scripts/start/main.ts']
/** As npm does it: a shell stands in between. */
const inShell = ['-c', `'${process.execPath}' ${program.join(' ')}; exit $?`]

function start(dataDir: string, env: Record<string, string> = {}, byNpm = false): Started {
  const child = spawn(byNpm ? 'sh' : process.execPath, byNpm ? inShell : program, {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      DATA_DIR: dataDir,
      PORT: '0',
      SANDBOX_PORT: '0',
      ADMIN_API_KEY: adminKey,
      MONGO_SKIP_DOWNLOAD: '1',
      ...(byNpm ? { npm_lifecycle_event: 'start' } : {}),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  const looks = new Set<() => void>()
  const take = (text: string) => {
    out += text
    for (const look of looks) look()
  }
  child.stderr.setEncoding('utf8').on('data', take)
  const ready = new Promise<Record<string, string>>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      take(`${line}\n`)
      if (line.startsWith('ready ')) resolve(JSON.parse(line.slice(6)) as Record<string, string>)
    })
  })
  const exited = new Promise<number | NodeJS.Signals>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'SIGKILL')),
  )
  const one: Started = {
    pid: child.pid ?? 0,
    child,
    ready: Promise.race([
      ready,
      exited.then((how) => {
        throw new Error(`ended with ${how}: ${out}`)
      }),
    ]),
    exited,
    out: () => out,
    says: (pattern) =>
      new Promise((resolve) => {
        const look = () => {
          const found = pattern.exec(out)?.[0]
          if (found === undefined) return
          looks.delete(look)
          resolve(found)
        }
        looks.add(look)
        look()
      }),
  }
  one.ready.catch(() => undefined)
  started.push(one)
  return one
}

/** Until no process runs with this data folder; they end by themselves when whoever started them is gone. */
async function none(dataDir: string): Promise<void> {
  const until = performance.now() + 60_000
  while (processesOf(dataDir).length > 0) {
    if (performance.now() > until)
      throw new Error(
        `still running: ${processesOf(dataDir)
          .map(({ args }) => args)
          .join(', ')}`,
      )
    await new Promise((resolve) => setTimeout(resolve, 50)) // waits: another process's end has no event here
  }
}

const ask = (api: string, method: string, path: string, body?: object) =>
  fetch(api + path, {
    method,
    headers: { 'x-api-key': adminKey, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
const sessionsOf = async (api: string) =>
  ((await (await ask(api, 'GET', '/v1/sessions?limit=200')).json()) as { data: { sessionId: string }[] }).data.map(
    ({ sessionId }) => sessionId,
  )
/** What was said, without the notes on which MongoDB it became. */
const sentences = (one: Started) =>
  one
    .out()
    .split('\n')
    .filter((line) => line !== '' && !/^(?:MongoDB:|No mongod)/.test(line) && !line.startsWith('{'))

test('ready says where everything is; a second one on the folder or the port is refused; SIGTERM leaves nothing', async () => {
  const dataDir = folder()
  const first = start(dataDir)
  const ready = await first.ready
  expect(ready).toEqual({
    api: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    sandbox: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    mongodb: expect.stringMatching(/^(?:embedded|binary)$/),
  })
  expect(readFileSync(join(dataDir, 'run.json'), 'utf8')).toContain(ready['api'])
  expect((await ask(ready['api'] ?? '', 'POST', '/v1/sessions', { sessionId: 's' })).status).toBe(201)

  const again = start(dataDir)
  expect(await again.exited).toBe(1)
  expect(sentences(again)).toEqual([expect.stringMatching(/in use by another process/)])

  const port = new URL(ready['api'] ?? '').port
  const other = folder()
  const clash = start(other, { PORT: port })
  expect(await clash.exited).toBe(1)
  expect(sentences(clash)).toEqual([`PORT ${port} is taken: stop what listens there, or set PORT to another port`])
  await none(other)
  expect((await ask(ready['api'] ?? '', 'GET', '/ready')).status, 'the first one is as it was').toBe(200)

  const stoppedAt = performance.now()
  first.child.kill('SIGTERM')
  expect(await first.exited).toBe(0)
  expect(performance.now() - stoppedAt).toBeLessThan(10_000)
  expect(processesOf(dataDir)).toEqual([])
})

test('Ctrl-C while it starts ends every part before it ends itself', async () => {
  const dataDir = folder()
  const one = start(dataDir)
  await one.says(/MongoDB:|wastream is running/)
  const stoppedAt = performance.now()
  one.child.kill('SIGINT')
  expect(await one.exited).toBe(130)
  expect(processesOf(dataDir)).toEqual([])
  expect(performance.now() - stoppedAt).toBeLessThan(4_000)
  expect(sentences(one)).toEqual([])
})

test('a port that anyone else has is named', async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as AddressInfo
  const dataDir = folder()
  const one = start(dataDir, { SANDBOX_PORT: String(port) })
  expect(await one.exited).toBe(1)
  expect(sentences(one)).toEqual([
    `SANDBOX_PORT ${port} is taken: stop what listens there, or set SANDBOX_PORT to another port`,
  ])
  await none(dataDir)
  taken.close()
})

test('bad settings are all named at once, their values never', async () => {
  const dataDir = folder()
  const one = start(dataDir, {
    PORT: 'hidden-1',
    LOG_LEVEL: 'hidden-2',
    ADMIN_API_KEY: 'hidden-3',
    SECRET_KEY: 'hidden-4',
  })
  expect(await one.exited).toBe(1)
  expect(sentences(one)).toHaveLength(1)
  for (const name of ['PORT', 'LOG_LEVEL', 'ADMIN_API_KEY', 'SECRET_KEY']) expect(one.out()).toContain(name)
  expect(one.out()).not.toContain('hidden')
})

test('a part that is killed is started again, and said so', async () => {
  const dataDir = folder()
  const one = start(dataDir)
  const { api = '' } = await one.ready
  expect((await ask(api, 'POST', '/v1/sessions', { sessionId: 'kept' })).status).toBe(201)
  for (const [program, name] of [
    ['connector/main.ts', 'the connector'],
    ['scripts/mongo.ts', 'MongoDB'],
  ] as const) {
    const pid = processesOf(dataDir).find((running) => running.args.includes(program))?.pid ?? 0
    expect(pid).toBeGreaterThan(0)
    process.kill(pid, 'SIGKILL')
    await one.says(new RegExp(`${name} ended with SIGKILL; it is started again in \\d+ ms`))
    await one.says(new RegExp(`${name} runs again`))
  }
  let answer = await ask(api, 'GET', '/v1/sessions/kept')
  while (answer.status === 503) answer = await ask(api, 'GET', '/v1/sessions/kept')
  expect(answer.status).toBe(200)
})

test('killed whole at any moment: the next start is ready, what was accepted is there, no process is left over', async () => {
  const dataDir = folder()
  const accepted: string[] = []
  // On its way up, and its parts are left to notice.
  const rising = start(dataDir)
  await rising.says(/MongoDB:/)
  rising.child.kill('SIGKILL')
  expect(await rising.exited).toBe('SIGKILL')
  await none(dataDir)
  // Under writes, and every process in the same moment.
  const busy = start(dataDir)
  const { api: first = '' } = await busy.ready
  let enough = () => {}
  const some = new Promise<void>((resolve) => (enough = resolve))
  const writing = Array.from({ length: 50 }, async (_, i) => {
    const made = await ask(first, 'POST', '/v1/sessions', { sessionId: `s${i}` })
    if (made.status === 201 && accepted.push(`s${i}`) === 5) enough()
  })
  const written = Promise.allSettled(writing)
  await some
  for (const { pid } of processesOf(dataDir))
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      // With the first of them gone the others end by themselves.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  await written
  expect(await busy.exited).toBe('SIGKILL')
  await none(dataDir)
  const last = start(dataDir)
  const { api = '' } = await last.ready
  expect(await sessionsOf(api)).toEqual(expect.arrayContaining(accepted))
})

test('started by npm, all of it ends when npm is gone', async () => {
  const dataDir = folder()
  const { ready, child, exited } = start(dataDir, {}, true)
  await ready
  child.kill('SIGKILL')
  await none(dataDir)
  await exited
})
