// MongoDB goes away under a running API and relay: frozen, and killed. Every request is answered, every socket stays, and
// all goes on by itself.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { startChild, type Child } from '../testing/child.ts'
import { testSecret } from '../testing/mongo.ts'
import { openReader, type Reader } from '../testing/relay-reader.ts'

const adminKey = 'an-administrator-for-this-test'
/** Who asks when it goes waits for the proof that it went; who asks later hears it from the last one who asked. */
const firstAnswerMs = 8_000
const laterAnswerMs = 4_000
const recoveryMs = 20_000

const dataDir = mkdtempSync(join(tmpdir(), 'wastream-outage-'))
let mongo: Child
let api: Child
let reader: Reader
let mongoPort = '0'
let accepted = 0

const startMongo = async () => {
  mongo = await startChild('scripts/mongo.ts', { DATA_DIR: dataDir, MONGO_PORT: mongoPort, MONGO_SKIP_DOWNLOAD: '1' })
  mongoPort = new URL(mongo.ready['uri'] ?? '').port
}

beforeAll(async () => {
  await startMongo()
  api = await startChild('scripts/start/serve.ts', {
    MONGODB_URI: mongo.ready['uri'] ?? '',
    SECRET_KEY: testSecret,
    ADMIN_API_KEY: adminKey,
    PORT: '0',
    RATE_LIMIT_PER_MINUTE: '100000',
  })
  expect((await ask('POST', '/v1/sessions', { sessionId: 's' })).status).toBe(201)
  reader = openReader(`${api.ready['api']?.replace('http', 'ws')}/v1/ws`, adminKey, 's')
  await reader.until(1)
  accepted = 1
})
afterAll(async () => {
  reader?.close()
  mongo?.kill('SIGCONT')
  await api?.stop()
  await mongo?.stop()
  rmSync(dataDir, { recursive: true })
})

type Answer = { path: string; status: number; tookMs: number; retryAfter: string | null; code: string | undefined }

async function ask(method: string, path: string, body?: object): Promise<Answer> {
  const startedAt = performance.now()
  const response = await fetch(`${api.ready['api']}${path}`, {
    method,
    headers: { 'x-api-key': adminKey, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const answer = (await response.json()) as { code?: string }
  return {
    path: `${method} ${path}`,
    status: response.status,
    tookMs: performance.now() - startedAt,
    retryAfter: response.headers.get('retry-after'),
    code: answer.code,
  }
}

const asks: (() => Promise<Answer>)[] = [
  () => ask('GET', '/v1/sessions'),
  () => ask('GET', '/v1/sessions/s'),
  () => ask('GET', '/v1/events?stream=s'),
  () => ask('POST', '/v1/sessions/s/messages', { type: 'text', to: '5491155550000', text: 'hello' }),
  () => ask('PATCH', '/v1/sessions/s', { name: 'renamed' }),
  () => ask('GET', '/v1/sessions/s/qr?wait=20'),
  () => ask('GET', '/ready'),
]

async function expectAway(withinMs: number): Promise<void> {
  for (const answer of await Promise.all(asks.map((one) => one()))) {
    expect(answer, `${answer.path}; ${api.stderr().slice(-2_000)}`).toMatchObject({
      status: 503,
      code: 'store.unavailable',
      retryAfter: expect.stringMatching(/^\d+$/),
    })
    expect(answer.tookMs, answer.path).toBeLessThan(withinMs)
  }
}

/** Asks until it is answered, and sees on the socket what was said. */
async function expectBack(): Promise<void> {
  const backAt = performance.now()
  const untilAnswered = async (one: () => Promise<Answer>) => {
    while ((await one()).status !== 200)
      expect(performance.now() - backAt, 'it comes back by itself').toBeLessThan(recoveryMs)
  }
  await untilAnswered(() => ask('GET', '/v1/sessions/s'))
  const head = reader.seqs().at(-1) ?? 0
  // A connection that died with the server may still be met: who is told 503 asks again, as a client would.
  for (let i = 1; i <= 3; i += 1) await untilAnswered(() => ask('PATCH', '/v1/sessions/s', { name: `round ${i}` }))
  await reader.until(head + 1)
  accepted = Math.max(...reader.seqs())
  expect(reader.opened(), 'the socket stayed').toBe(1)
  expect(reader.seqs(), 'each event once, in order').toEqual(Array.from({ length: accepted }, (_, i) => i + 1))
}

const isOurs = inject('mongodbKind') === 'embedded'

test.runIf(isOurs)('MongoDB frozen for 30 s: 503 within seconds, sockets stay, all goes on when it wakes', async () => {
  const frozenAt = performance.now()
  mongo.kill('SIGSTOP')
  await expectAway(firstAnswerMs)
  for (let round = 0; round < 3; round += 1) await expectAway(laterAnswerMs)
  expect((await fetch(`${api.ready['api']}/health`)).status, 'the process itself is well').toBe(200)
  await pause(30_000 - (performance.now() - frozenAt)) // waits: a freeze of 30 s
  await expectAway(laterAnswerMs)
  mongo.kill('SIGCONT')
  await expectBack()
})

test.runIf(isOurs)('MongoDB killed and started again, several times: the same', async () => {
  for (let round = 0; round < 3; round += 1) {
    mongo.kill('SIGKILL')
    await mongo.exited
    await expectAway(firstAnswerMs)
    if (round === 1) for (let more = 0; more < 3; more += 1) await expectAway(laterAnswerMs)
    await startMongo()
    await expectBack()
  }
  const lines = api
    .stderr()
    .split('\n')
    // It still writes: its last line may not be whole.
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { level: number; msg: string; err?: { code?: unknown; message?: string } })
  const warnings = lines.filter(({ level }) => level >= 40)
  // One for the freeze, one per kill, and one more each where a connection that died is met after the return.
  expect(warnings.length).toBeLessThanOrEqual(8)
  for (const { msg, err } of warnings) {
    expect(msg).toMatch(/^MongoDB does not answer/)
    expect(err?.message).toMatch(/^[^\n]+$/)
    expect(err).not.toHaveProperty('stack')
  }
  expect(lines.map(({ msg }) => msg)).toContain('MongoDB answers again')
})
