import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { startChild, type Child } from '../../scripts/testing/child.ts'
import { dropDb, freshDbName, openTestStore, testSecret, type TestStore } from '../../scripts/testing/mongo.ts'
import { serveApi, type ServedApi } from './serve-api.ts'
import { toSocketUrl } from './socket-url.ts'
import { parseSettings } from '../../shared/model/settings.ts'

const adminKey = 'an-administrator-for-this-test'
const silent = () => undefined
const log = { debug: silent, info: silent, warn: silent, error: silent }

let opened: TestStore
let served: ServedApi
beforeAll(async () => {
  opened = await openTestStore()
  await opened.store.apiKeys.ensureAdmin(adminKey)
  const { store } = opened
  served = await serveApi({
    store,
    settings: parseSettings({}),
    log,
    sandboxAvailable: false,
    host: '127.0.0.1',
    port: 0,
  })
})
afterAll(async () => {
  await served.close()
  await opened.close()
})

const call = (path: string, init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {}) =>
  fetch(served.url + path, { ...init, headers: { authorization: `Bearer ${adminKey}`, ...init.headers } })

test('the program is ready with its address, serves with the administrator’s key, and ends on SIGTERM', async () => {
  const dbName = freshDbName()
  const child: Child = await startChild('functions/entry/node.ts', {
    MONGODB_URI: inject('mongodbUri'),
    MONGODB_DB: dbName,
    SECRET_KEY: testSecret,
    ADMIN_API_KEY: adminKey,
    PORT: '0',
  })
  const { api } = child.ready
  const answer = await fetch(`${api}/v1/sessions`, { headers: { 'x-api-key': adminKey } })
  expect([answer.status, await answer.json()]).toEqual([200, { data: [], nextCursor: null }])
  const ticket = await fetch(`${api}/v1/ws-tickets`, { method: 'POST', headers: { 'x-api-key': adminKey } })
  expect(await ticket.json()).toMatchObject({ url: `${api?.replace('http', 'ws')}/v1/ws` })
  child.kill('SIGTERM')
  expect(await child.exited).toBe(0)
  await dropDb(inject('mongodbUri'), dbName)
})

test('on an empty database it makes the administrator’s key and prints it once', async () => {
  const env = { MONGODB_URI: inject('mongodbUri'), MONGODB_DB: freshDbName(), SECRET_KEY: testSecret, PORT: '0' }
  const first = await startChild('functions/entry/node.ts', env)
  const key = /^API key (\S+) \(the administrator's; shown this once, keep it\)$/m.exec(first.stdout())?.[1] ?? ''
  const answer = await fetch(`${first.ready['api']}/v1/api-keys`, { headers: { 'x-api-key': key } })
  expect([answer.status, ((await answer.json()) as { data: object[] }).data.length]).toEqual([200, 1])
  await first.stop()
  const second = await startChild('functions/entry/node.ts', env)
  expect(second.stdout()).toMatch(/^ready \{"api":"[^"]+"\}\n$/)
  await second.stop()
  await dropDb(env.MONGODB_URI, env.MONGODB_DB)
})

test('in production none is made: without ADMIN_API_KEY an empty database is refused with one sentence', async () => {
  const env = { MONGODB_URI: inject('mongodbUri'), MONGODB_DB: freshDbName(), SECRET_KEY: testSecret, PORT: '0' }
  const production = { ...env, NODE_ENV: 'production' }
  await expect(startChild('functions/entry/node.ts', production)).rejects.toThrow(
    /ended with 1 before it was ready: ADMIN_API_KEY is needed: [^\n]+\n$/,
  )
  const given = await startChild('functions/entry/node.ts', { ...production, ADMIN_API_KEY: adminKey })
  await given.stop()
  const later = await startChild('functions/entry/node.ts', production)
  expect(later.stdout()).not.toContain('API key')
  await later.stop()
  await dropDb(env.MONGODB_URI, env.MONGODB_DB)
})

test('LOG_LEVEL and LOG_FORMAT count: pretty lines for people, none below the level', async () => {
  const env = { MONGODB_URI: inject('mongodbUri'), MONGODB_DB: freshDbName(), SECRET_KEY: testSecret, PORT: '0' }
  for (const program of ['functions/entry/node.ts', 'scripts/start/serve.ts']) {
    const run = async (more: Record<string, string>) => {
      const child = await startChild(program, { ...env, ...more })
      child.kill('SIGTERM')
      await child.exited
      return child.stderr()
    }
    expect(JSON.parse(await run({ LOG_FORMAT: 'json' })), program).toMatchObject({ name: 'api', msg: 'stopping' })
    expect(await run({ LOG_FORMAT: 'pretty' }), program).toMatch(/INFO.*\(api\):.*stopping/)
    expect(await run({ LOG_LEVEL: 'warn' }), program).toBe('')
  }
  await dropDb(env.MONGODB_URI, env.MONGODB_DB)
})

test('without a database it ends with one clear sentence', async () => {
  await expect(startChild('functions/entry/node.ts', { SECRET_KEY: testSecret })).rejects.toThrow(
    /MONGODB_URI is needed/,
  )
})

test('a request in hand is answered before the server closes', async () => {
  const { store } = opened
  const other = await serveApi({
    store,
    settings: parseSettings({}),
    log,
    sandboxAvailable: false,
    host: '127.0.0.1',
    port: 0,
  })
  await fetch(`${other.url}/v1/sessions`, {
    method: 'POST',
    headers: { 'x-api-key': adminKey, 'content-type': 'application/json' },
    body: '{"sessionId":"closing"}',
  })
  const taken = once(other.server, 'request')
  const waiting = fetch(`${other.url}/v1/sessions/closing/qr?wait=30`, { headers: { 'x-api-key': adminKey } })
  await taken
  await other.close()
  expect((await waiting).status).toBe(409)
  await expect(fetch(`${other.url}/health`)).rejects.toThrow()
})

test('a port that is taken rejects', async () => {
  const { store } = opened
  const port = Number(new URL(served.url).port)
  await expect(
    serveApi({ store, settings: parseSettings({}), log, sandboxAvailable: false, host: '127.0.0.1', port }),
  ).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

test('a body that is too large is 413 however it is sent', async () => {
  const told = await call('/v1/sessions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: 'x'.repeat(1_100_000),
  })
  expect(told.status).toBe(413)
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const chunked = request(
      `${served.url}/v1/sessions`,
      {
        method: 'POST',
        headers: { 'x-api-key': adminKey, 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
      },
      (response) => {
        resolve(response.statusCode)
        response.resume()
      },
    )
    chunked.on('error', reject)
    for (let n = 0; n < 20; n += 1) chunked.write('x'.repeat(65_536))
    chunked.end()
  })
  expect(status).toBe(413)
})

test('a chunked body is read like any other', async () => {
  const answer = await call('/v1/sessions', {
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: new Blob(['{"sessionId":"chunked"}']).stream(),
    duplex: 'half',
  })
  expect(answer.status).toBe(201)
})

test('garbage instead of HTTP costs that connection only', async () => {
  const { port, hostname } = new URL(served.url)
  await new Promise<void>((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write('\u0000\u0001garbage\r\n\r\n'))
    socket
      .on('close', () => resolve())
      .on('error', () => undefined)
      .resume()
  })
  expect((await call('/health')).status).toBe(200)
})

test('the relay’s address follows the API’s, and keeps a path it was given', () => {
  expect(toSocketUrl('https://api.example')).toBe('wss://api.example/v1/ws')
  expect(toSocketUrl('http://127.0.0.1:3000')).toBe('ws://127.0.0.1:3000/v1/ws')
  expect(toSocketUrl('wss://relay.example/live')).toBe('wss://relay.example/live')
})
