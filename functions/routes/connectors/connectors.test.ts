import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../scripts/testing/api.ts'

let api: TestApi
let client: MongoClient
let connectors = 0
beforeAll(async () => {
  api = await openTestApi()
  client = await MongoClient.connect(api.uri)
})
afterAll(async () => {
  await client.close()
  await api.close()
})

const facts = { capacity: 10, sessions: 3, rssMb: 120, version: '0.1.0', silentAfterMs: 10_000, drain: null }
/** As a connector reports itself; answers its id. */
async function start(more: object = {}): Promise<string> {
  const id = `host.example-${(connectors += 1)}-0a1b2c`
  await api.store.connectors.report(id, { ...facts, ...more })
  return id
}
const path = (id: string) => `/v1/connectors/${encodeURIComponent(id)}`

test('200 says who it is, how it is and how much it holds', async () => {
  const id = await start()
  const { status, body } = await api.call('GET', path(id))
  expect(status).toBe(200)
  expect(body).toEqual({
    id,
    state: 'alive',
    startedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    heartbeatAt: expect.stringMatching(/^\d{4}-.*Z$/),
    sessions: 3,
    capacity: 10,
    rssMb: 120,
    version: '0.1.0',
    missing: [],
    drain: null,
  })
})

test('one that has not been heard of for too long is silent by the server’s clock, whatever clock the API has', async () => {
  const id = await start()
  const late = await openTestApi({ on: api, now: () => Date.now() + 3_600_000 })
  expect((await late.call('GET', path(id))).body.state).toBe('alive')
  await client
    .db(api.dbName)
    .collection<{ _id: string }>('connectors')
    .updateOne({ _id: id }, [{ $set: { heartbeatAt: { $subtract: ['$$NOW', 11_000] } } }])
  const early = await openTestApi({ on: api, now: () => Date.now() - 3_600_000 })
  expect((await early.call('GET', path(id))).body.state).toBe('silent')
  await Promise.all([late.close(), early.close()])
})

test('202 for a drain, once and again; how far it is comes from the process; taken back, it is alive', async () => {
  const id = await start()
  const asked = { status: 202, body: { id, state: 'draining', drain: { state: 'asked' } } }
  expect(await api.call('POST', `${path(id)}/drain`)).toMatchObject(asked)
  await api.store.connectors.report(id, { ...facts, drain: { state: 'waiting', reason: 'no_room' } })
  const waiting = { state: 'draining', drain: { state: 'waiting', reason: 'no_room' } }
  expect(await api.call('POST', `${path(id)}/drain`, { body: {} })).toMatchObject({ status: 202, body: waiting })
  expect((await api.call('GET', path(id))).body).toMatchObject(waiting)
  for (let i = 0; i < 2; i += 1)
    expect(await api.call('DELETE', `${path(id)}/drain`)).toMatchObject({
      status: 202,
      body: { state: 'alive', drain: null },
    })
})

test('the list has pages, by id, each connector once', async () => {
  for (let i = 0; i < 5; i += 1) await start()
  const seen: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page = await api.call('GET', `/v1/connectors?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
    expect(page.status).toBe(200)
    seen.push(...page.body.data.map((one: { id: string }) => one.id))
    cursor = page.body.nextCursor
  }
  expect(seen).toHaveLength(connectors)
  expect(seen).toEqual([...new Set(seen)].toSorted())
})

test('the same 404 for a connector that is not there and one that the key may not know of', async () => {
  const id = await start()
  const session = await api.createSession()
  const limited = await api.createKey({ scopes: ['*'], sessions: [session] })
  const stranger = await api.createKey({ scopes: ['sessions.*', 'ops.read'] })
  for (const { key } of [limited, stranger])
    for (const [method, end] of [
      ['GET', ''],
      ['POST', '/drain'],
      ['DELETE', '/drain'],
    ] as const) {
      const [there, absent] = [
        await api.call(method, `${path(id)}${end}`, { key }),
        await api.call(method, `${path('nobody')}${end}`, { key }),
      ]
      expect(there).toMatchObject({ status: 404, body: { code: 'connector.not_found' } })
      const plain = (body: object) => ({ ...body, requestId: undefined })
      expect(plain(there.body)).toEqual(plain(absent.body))
    }
  expect((await api.call('GET', path(id))).body.state, 'nothing was asked').toBe('alive')
  expect(await api.call('GET', path('nobody'))).toMatchObject({ status: 404, body: { code: 'connector.not_found' } })
  expect(await api.call('POST', `${path('nobody')}/drain`)).toMatchObject({ status: 404 })
  const listed = await api.call('GET', '/v1/connectors?limit=1', { key: limited.key })
  expect([listed.status, listed.body], 'how many there are neither').toEqual([200, { data: [], nextCursor: null }])
  expect((await api.call('GET', '/v1/connectors', { key: stranger.key })).status).toBe(403)
})

test('403 for a key that may read connectors and not change them', async () => {
  const id = await start()
  const { key } = await api.createKey({ scopes: ['connectors.read'] })
  expect((await api.call('GET', path(id), { key })).status).toBe(200)
  expect(await api.call('POST', `${path(id)}/drain`, { key })).toMatchObject({
    status: 403,
    body: { code: 'auth.forbidden' },
  })
  expect((await api.call('POST', `${path('nobody')}/drain`, { key })).status).toBe(404)
})

test('401 without a key, 422 for what is not asked for', async () => {
  const id = await start()
  expect((await api.call('POST', `${path(id)}/drain`, { key: null })).status).toBe(401)
  expect((await api.call('GET', '/v1/connectors', { key: null })).status).toBe(401)
  expect((await api.call('POST', `${path(id)}/drain`, { body: { now: true } })).status).toBe(422)
  expect((await api.call('GET', '/v1/connectors?all=1')).status).toBe(422)
  expect(await api.call('GET', '/v1/connectors?cursor=x')).toMatchObject({
    status: 422,
    body: { code: 'cursor.invalid' },
  })
})
