// `node --import tsx scripts/bench-middleware.ts`: what the door of every route costs, CPU microseconds a request.
// Bare Hono and the full chain (request id, headers, CORS check, key, rate limit, scope, input) in processes of their own,
// the same answer from both, rounds taken in turn. Prints the medians; exits 1 when the chain costs over 100.
import { spawn, type ChildProcess } from 'node:child_process'
import { Agent, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import * as v from 'valibot'
import type { Api, AppEnv } from '../functions/deps.ts'
import { operation } from '../functions/operation.ts'
import { createRateLimiter } from '../functions/rate-limiter.ts'
import { front } from '../functions/request/front.ts'
import { createAuthenticator } from '../shared/auth/authenticate.ts'

const budgetUs = 100
const rounds = 7
const requests = 6_000
const connections = 20
const token = 'wsk_benchmark'
const body = { type: 'text', to: '5491155550000', text: 'hello' }
const Body = v.strictObject({ type: v.literal('text'), to: v.string(), text: v.string() })
const answer = { data: [{ sessionId: 'a', status: 'connected', isConnected: true }], nextCursor: null }

function createBare() {
  return new Hono()
    .get('/v1/things/:id', (c) => c.json(answer))
    .post('/v1/things/:id', async (c) => {
      await c.req.json()
      return c.json(answer)
    })
}

function createFull() {
  const rateLimits = { borrow: (_name: string, block: number) => Promise.resolve(block) }
  const key = { _id: 'k', hash: '', prefix: '', name: '', scopes: ['*' as const], createdAt: new Date(), createdBy: '' }
  const apiKeys = { byToken: () => Promise.resolve(key), read: () => Promise.resolve(key) }
  const api = {
    deps: { settings: { TRUST_PROXY: false } },
    auth: createAuthenticator({
      store: { apiKeys, rateLimits },
      feed: { listen: () => () => undefined, progressAtMs: () => performance.now() },
    }),
    limiter: createRateLimiter({ rateLimits, perMinute: 10_000_000, now: () => Date.now() }),
  } as unknown as Api
  return new Hono<AppEnv>()
    .use(front(['https://app.example'], false))
    .get(
      '/v1/things/:id',
      operation(api, { scope: 'sessions.read' }, (c) => c.json(answer)),
    )
    .post(
      '/v1/things/:id',
      operation(api, { scope: 'messages.write', body: Body }, (c) => c.json(answer)),
    )
}

function serve(kind: string): void {
  const app = kind === 'full' ? createFull() : createBare()
  const server = createAdaptorServer({ fetch: app.fetch })
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
  process.on('message', () => process.send?.({ cpu: process.cpuUsage() }))
  process.on('disconnect', () => process.exit(0))
}

type Served = { child: ChildProcess; port: number; agent: Agent }

function hear<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve) => child.once('message', (message) => resolve(message as T)))
}

async function open(kind: string): Promise<Served> {
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(import.meta.url), kind], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const { port } = await hear<{ port: number }>(child)
  return { child, port, agent: new Agent({ keepAlive: true, maxSockets: connections }) }
}

function one({ port, agent }: Served, method: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const text = method === 'POST' ? JSON.stringify(body) : ''
    const headers = {
      authorization: `Bearer ${token}`,
      ...(text ? { 'content-type': 'application/json', 'content-length': text.length } : {}),
    }
    request({ port, agent, method, path: '/v1/things/a', headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`answered ${response.statusCode}`))
      response.resume().on('end', resolve)
    })
      .on('error', reject)
      .end(text)
  })
}

async function cpuUs({ child }: Served): Promise<number> {
  child.send('cpu')
  const { cpu } = await hear<{ cpu: NodeJS.CpuUsage }>(child)
  return cpu.user + cpu.system
}

async function round(served: Served, method: string): Promise<number> {
  const before = await cpuUs(served)
  let left = requests
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (left-- > 0) await one(served, method)
    }),
  )
  return ((await cpuUs(served)) - before) / requests
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

async function run(): Promise<void> {
  const [bare, full] = [await open('bare'), await open('full')]
  let worst = 0
  for (const method of ['GET', 'POST']) {
    const costs: { bare: number[]; full: number[] } = { bare: [], full: [] }
    for (let n = -2; n < rounds; n += 1) {
      const [b, f] = [await round(bare, method), await round(full, method)]
      if (n < 0) continue
      costs.bare.push(b)
      costs.full.push(f)
    }
    const [b, f] = [median(costs.bare), median(costs.full)]
    worst = Math.max(worst, f - b)
    console.log(
      `${method.padEnd(4)} bare ${b.toFixed(0)} µs, full ${f.toFixed(0)} µs: the chain costs ${(f - b).toFixed(0)} µs (ratio ${(f / b).toFixed(2)})`,
    )
  }
  for (const { child, agent } of [bare, full]) {
    agent.destroy()
    child.disconnect()
  }
  process.exitCode = worst > budgetUs ? 1 : 0
}

const kind = process.argv[2]
if (kind === 'bare' || kind === 'full') serve(kind)
else await run()
