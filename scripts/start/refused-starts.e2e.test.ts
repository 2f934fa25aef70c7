// A start that cannot be: one sentence that names the setting to change, no stack, exit 1. Every program, as it is run.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { startChild } from '../testing/child.ts'
import { dropDb, freshDbName, testSecret } from '../testing/mongo.ts'

const programs = {
  start: 'scripts/start/main.ts',
  sandbox: 'scripts/sandbox/main.ts',
  mongo: 'scripts/mongo.ts',
  connector: 'connector/main.ts',
  api: 'functions/entry/node.ts',
}
type Program = keyof typeof programs

let taken: Server
let takenPort: string
/** Nobody listens there, and nobody who asks for any port is given it. */
const freePort = '1023'
let folder: string
let file: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wastream-refused-'))
  file = join(folder, 'a-file')
  writeFileSync(file, '')
  const listen = (server: Server) =>
    new Promise<string>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve(String((server.address() as AddressInfo).port))),
    )
  taken = createServer()
  takenPort = await listen(taken)
})
afterAll(() => {
  taken.close()
  rmSync(folder, { recursive: true })
})

/** What it wrote to stderr before it ended with 1, without the notes on which MongoDB it became. */
async function refusalOf(program: Program, env: Record<string, string>): Promise<string[]> {
  const path = programs[program]
  try {
    await startChild(path, {
      PORT: '0',
      CONNECTOR_PORT: '0',
      SANDBOX_PORT: '0',
      DATA_DIR: join(folder, program),
      SECRET_KEY: testSecret,
      MONGO_SKIP_DOWNLOAD: '1',
      LOG_LEVEL: 'error',
      ...env,
    })
  } catch (error) {
    const [, said = ''] = (error as Error).message.split(`${path} ended with 1 before it was ready: `)
    return said.split('\n').filter((line) => line !== '' && !/^(?:MongoDB:|No mongod)/.test(line))
  }
  throw new Error(`${path} started`)
}

/** Programs that are refused for one reason, all at once. */
const refusals = async <P extends Program>(given: readonly P[], env: (program: P) => Record<string, string>) =>
  new Map(await Promise.all(given.map(async (one) => [one, await refusalOf(one, env(one))] as const)))

const withMongodb = (program: Program): Record<string, string> =>
  program === 'api' || program === 'connector' ? { MONGODB_URI: inject('mongodbUri') } : {}

test('a port that is taken: which setting, which number', async () => {
  const names = { api: 'PORT', connector: 'CONNECTOR_PORT', sandbox: 'SANDBOX_PORT', mongo: 'MONGO_PORT' }
  const isOurs = inject('mongodbKind') === 'embedded'
  const programs = (['api', 'connector', 'sandbox', 'mongo'] as const).filter((one) => isOurs || one !== 'mongo')
  const said = await refusals(programs, (one) => ({ ...withMongodb(one), [names[one]]: takenPort }))
  for (const [program, sentences] of said) {
    const name = names[program]
    expect(sentences, program).toEqual([
      `${name} ${takenPort} is taken: stop what listens there, or set ${name} to another port`,
    ])
  }
})

test('a MongoDB that does not answer: MONGODB_URI, never its password', async () => {
  const uri = `mongodb://ana:hidden@127.0.0.1:${freePort}/?replicaSet=rs`
  for (const [program, sentences] of await refusals(['start', 'mongo', 'connector', 'api'], () => ({
    MONGODB_URI: uri,
  })))
    expect(sentences, program).toEqual([
      `MONGODB_URI: no MongoDB answers at 127.0.0.1:${freePort} (ECONNREFUSED); start it, or set MONGODB_URI to one that runs`,
    ])
  expect(await refusalOf('mongo', { MONGODB_URI: 'mongodb://ana:hid@den@@/' })).toEqual([
    'MONGODB_URI is not an address that MongoDB’s driver can read',
  ])
})

test('a DATA_DIR that is no folder', async () => {
  const dirs = { start: file, mongo: join(file, 'below'), sandbox: file, connector: join(file, 'below'), api: file }
  const said = await refusals(['start', 'mongo', 'sandbox', 'connector', 'api'], (one) => ({
    ...withMongodb(one),
    SECRET_KEY: '',
    DATA_DIR: dirs[one],
  }))
  for (const [program, sentences] of said)
    expect(sentences, program).toEqual([
      `DATA_DIR ${dirs[program]} is not a folder; set DATA_DIR to a folder that can be written`,
    ])
})

test('bad settings, all at once', async () => {
  const bad = { SANDBOX_PORT: 'hidden', LOG_LEVEL: 'hidden' }
  for (const [program, [said = '', ...more]] of await refusals(['start', 'sandbox', 'connector', 'api'], () => bad)) {
    expect(more, program).toEqual([])
    expect(said, program).toContain('SANDBOX_PORT must be a whole number from 0 to 65535')
    expect(said, program).toContain('LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent')
    if (program === 'connector' || program === 'api') expect(said).toContain('MONGODB_URI is needed')
    expect(said, program).not.toContain('hidden')
  }
})

test('start with a sandbox that does not answer names SANDBOX_URL; a connector says it and goes on', async () => {
  const url = `http://127.0.0.1:${freePort}`
  expect(await refusalOf('start', { SANDBOX_URL: url })).toEqual([
    `SANDBOX_URL: no sandbox answers at 127.0.0.1:${freePort}; start it, or leave SANDBOX_URL out to get one here`,
  ])
  const dbName = freshDbName()
  let tell: (line: string) => void
  const told = new Promise<string>((resolve) => (tell = resolve))
  const connector = await startChild(
    programs.connector,
    {
      MONGODB_URI: inject('mongodbUri'),
      MONGODB_DB: dbName,
      SECRET_KEY: testSecret,
      SANDBOX_URL: url,
      CONNECTOR_PORT: '0',
    },
    { onStderr: (line) => void (/SANDBOX_URL/.test(line) && tell(line)) },
  )
  expect(JSON.parse(await told)).toMatchObject({ level: 40, err: { code: 'ECONNREFUSED' } })
  await connector.stop()
  await dropDb(inject('mongodbUri'), dbName)
})
