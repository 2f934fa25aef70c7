// The bundle that `wrangler deploy` would send, run by workerd against the MongoDB of this test run.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { openCable, type Cable } from '../../scripts/testing/cable.ts'
import { openTestStore, testSecret, type TestStore } from '../../scripts/testing/mongo.ts'

const root = join(import.meta.dirname, '../..')
const adminKey = 'an-administrator-for-this-test'

type Worker = {
  ready: Promise<URL>
  dispatchFetch(url: string, init?: RequestInit): Promise<Response>
  dispose(): Promise<void>
}

/** wrangler's own Miniflare, so that what runs here is what wrangler runs. */
const manifest = createRequire(import.meta.url).resolve('wrangler/package.json')
const { Miniflare } = createRequire(manifest)('miniflare') as { Miniflare: new (options: object) => Worker }

let opened: TestStore
let outdir: string
let worker: Worker
let cable: Cable
beforeAll(async () => {
  outdir = mkdtempSync(join(tmpdir(), 'wastream-worker-'))
  const bundling = spawnSync(
    process.execPath,
    [join(dirname(manifest), 'bin/wrangler.js'), 'deploy', '--dry-run', '--outdir', outdir],
    { cwd: root, encoding: 'utf8', env: { ...process.env, WRANGLER_SEND_METRICS: 'false', CI: '1' } },
  )
  if (bundling.status !== 0) throw new Error(`wrangler cannot bundle: ${bundling.stdout}${bundling.stderr}`)
  opened = await openTestStore()
  cable = await openCable(inject('mongodbUri'))
  worker = new Miniflare({
    modules: true,
    // Paths of modules are told relative to it; workerd takes none that leads out of it.
    rootPath: outdir,
    modulesRoot: outdir,
    scriptPath: 'cloudflare.js',
    compatibilityDate: '2026-04-01',
    compatibilityFlags: ['nodejs_compat'],
    durableObjects: { API: { className: 'ApiObject', useSQLite: true } },
    bindings: {
      NODE_ENV: 'production',
      MONGODB_URI: cable.uri,
      MONGODB_DB: opened.dbName,
      SECRET_KEY: testSecret,
      ADMIN_API_KEY: adminKey,
      PUBLIC_RELAY_URL: 'wss://relay.example',
    },
  })
  await worker.ready
})
afterAll(async () => {
  await worker?.dispose()
  cable?.close()
  await opened?.close()
  rmSync(outdir, { recursive: true, force: true })
})

const call = (method: string, path: string, body?: object, key: string | null = adminKey) =>
  worker.dispatchFetch(`https://api.example${path}`, {
    method,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })

test('workerd serves a session list, accepts a text, and refuses without a key', async () => {
  expect((await call('GET', '/v1/sessions', undefined, null)).status).toBe(401)
  expect((await call('GET', '/v1/sessions', undefined, 'wsk_wrong')).status).toBe(401)

  expect((await call('POST', '/v1/sessions', { sessionId: 'edge' })).status).toBe(201)
  const list = await call('GET', '/v1/sessions')
  expect(list.status).toBe(200)
  expect(await list.json()).toMatchObject({ data: [{ sessionId: 'edge', status: 'pending' }], nextCursor: null })

  const sent = await call('POST', '/v1/sessions/edge/messages', { type: 'text', to: '5491155550000', text: 'hi' })
  expect(sent.status).toBe(202)
  const { commandId } = (await sent.json()) as { commandId: string }
  expect(await opened.store.commands.read(commandId)).toMatchObject({
    state: 'queued',
    payload: { content: { text: 'hi' } },
  })
})

test('one connection serves request after request, several at once', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => call('GET', '/v1/sessions/edge')))
  expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 20 }, () => 200))
})

test('a ticket leads to the relay, which is elsewhere', async () => {
  const answer = await call('POST', '/v1/ws-tickets')
  expect(await answer.json()).toMatchObject({ url: 'wss://relay.example/v1/ws' })
})

test('a connection that was lost is rebuilt; while the database is away it is 503', async () => {
  cable.cut()
  const away = await call('GET', '/v1/sessions')
  expect([away.status, ((await away.json()) as { code: string }).code]).toEqual([503, 'store.unavailable'])
  expect(away.headers.get('retry-after')).not.toBeNull()
  cable.mend()
  await expect.poll(async () => (await call('GET', '/v1/sessions')).status).toBe(200)
})
