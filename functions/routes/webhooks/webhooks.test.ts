import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../scripts/testing/api.ts'

let api: TestApi
let session: string
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  session = await api.createSession()
})

const url = 'https://hooks.example.com/in'
const create = (body: object = {}, key?: string) =>
  api.call('POST', '/v1/webhooks', { body: { url, ...body }, ...(key === undefined ? {} : { key }) })

test('201 shows the secret once; it is never shown again', async () => {
  const made = await create({ name: 'orders', description: 'for the shop' })
  expect(made).toMatchObject({
    status: 201,
    body: { url, name: 'orders', streams: ['*'], types: ['*'], order: 'parallel', enabled: true },
  })
  expect(made.body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
  const path = `/v1/webhooks/${made.body.webhookId}`
  expect(made.headers.get('location')).toBe(path)
  const { secret: _secret, ...view } = made.body
  expect(await api.call('GET', path)).toMatchObject({ status: 200, body: view })
  const listed = await api.call('GET', '/v1/webhooks')
  expect(listed.body.data[0]).toEqual(view)
  expect(`${listed.text}${(await api.call('GET', path)).text}`).not.toContain('whsec_')
})

test('it begins now: its place is the head of every stream', async () => {
  await api.store.events.appendOnce(session, [{ type: 'chat.updated', data: {} }])
  const { webhookId } = (await create()).body
  const held = await api.store.webhooks.claim(webhookId, 'me', 1)
  expect(held?.places).toMatchObject({ [session]: 2, team: 0 })
})

test('`after` begins earlier: 422 for a place never reached, 410 for one that is not kept', async () => {
  await api.store.events.appendOnce(session, [{ type: 'chat.updated', data: {} }])
  const { webhookId } = (await create({ streams: [session], after: { [session]: 1 } })).body
  expect((await api.store.webhooks.claim(webhookId, 'me', 1))?.places).toMatchObject({ [session]: 1 })
  expect(await create({ after: { [session]: 99 } })).toMatchObject({ status: 422, body: { code: 'cursor.invalid' } })
  expect(await create({ after: { unknown: 1 } })).toMatchObject({ status: 422, body: { code: 'cursor.invalid' } })
  await api.store.events.removeAll(session)
  expect(await create({ after: { [session]: 1 } })).toMatchObject({ status: 410, body: { code: 'cursor.too_old' } })
})

test.each([
  'http://hooks.example.com/',
  'https://127.0.0.1/',
  'https://[::1]/',
  'https://2130706433/',
  'https://u:p@a.example/',
  'no',
])('422 for %s, when it is made and when it is changed', async (bad) => {
  const refused = { status: 422, body: { code: 'request.invalid', errors: [{ path: 'url' }] } }
  expect(await create({ url: bad })).toMatchObject(refused)
  const { webhookId } = (await create()).body
  expect(await api.call('PATCH', `/v1/webhooks/${webhookId}`, { body: { url: bad } })).toMatchObject(refused)
})

test('422 for types, streams and fields that are none', async () => {
  for (const body of [
    { types: ['Message.*'] },
    { types: ['message.*', 'presence.*'] },
    { streams: [] },
    { streams: ['a b'] },
    { order: 'chaos' },
    { extra: 1 },
  ])
    expect((await create(body)).status, JSON.stringify(body)).toBe(422)
})

test('the same 404 for a webhook that is not there and one that delivers more than the key may see', async () => {
  const other = await api.createSession()
  const scopes = ['webhooks.*', 'events.read'] as const
  const { key: limited } = await api.createKey({ scopes: [...scopes], sessions: [session] })
  const { key: foreign } = await api.createKey({ scopes: [...scopes], sessions: [other] })
  const wide = (await create()).body.webhookId
  const narrow = (await create({}, limited)).body
  expect(narrow.sessions).toEqual([session])
  for (const [method, path] of [
    ['GET', ''],
    ['PATCH', ''],
    ['DELETE', ''],
    ['POST', '/rotate-secret'],
    ['POST', '/test'],
    ['POST', '/redeliver'],
    ['GET', '/deliveries'],
    ['GET', '/deliveries/a:1'],
    ['POST', '/deliveries/a:1/redeliver'],
  ] as const) {
    const body =
      method === 'GET' || method === 'DELETE' ? {} : { body: path === '/redeliver' ? { stream: 'a', after: 0 } : {} }
    const answers = await Promise.all(
      [
        ['absent', limited],
        [wide, limited],
        [narrow.webhookId, foreign],
      ].map(([id, key]) => api.call(method, `/v1/webhooks/${id}${path}`, { key: key ?? null, ...body })),
    )
    for (const answer of answers) {
      const { requestId: _id, ...problem } = answer.body
      expect(problem, `${method} ${path}`).toMatchObject({ status: 404, code: 'webhook.not_found' })
    }
  }
  expect((await api.call('GET', '/v1/webhooks', { key: foreign })).body.data).toEqual([])
  expect((await api.call('GET', '/v1/webhooks', { key: limited })).body.data).toHaveLength(1)
  expect((await create({ streams: [other] }, limited)).body).toMatchObject({ code: 'session.not_found' })
  expect((await create({ streams: ['absent'] }, limited)).body).toMatchObject({ code: 'session.not_found' })
  expect((await create({ streams: ['team'] }, limited)).body).toMatchObject({ code: 'session.not_found' })
})

test('scopes: reading reads, writing writes, and whoever names the address must be allowed to read events', async () => {
  const { webhookId } = (await create()).body
  const { key: reads } = await api.createKey({ scopes: ['webhooks.read'] })
  const { key: writes } = await api.createKey({ scopes: ['webhooks.write'] })
  expect((await api.call('GET', `/v1/webhooks/${webhookId}`, { key: reads })).status).toBe(200)
  expect((await api.call('GET', `/v1/webhooks/${webhookId}`, { key: writes })).status).toBe(403)
  expect((await create({}, reads)).status).toBe(403)
  expect((await create({}, writes)).status).toBe(403)
  expect((await api.call('PATCH', `/v1/webhooks/${webhookId}`, { key: writes, body: { url } })).status).toBe(403)
  expect((await api.call('POST', `/v1/webhooks/${webhookId}/rotate-secret`, { key: writes, body: {} })).status).toBe(
    403,
  )
})

test('PATCH changes what is given; switched off and on; a dead key is replaced by the one that switches on', async () => {
  const { keyId, key } = await api.createKey({ scopes: ['*'] })
  const path = `/v1/webhooks/${(await create({}, key)).body.webhookId}`
  const patched = await api.call('PATCH', path, { body: { name: 'new', types: ['message.*'] } })
  expect(patched).toMatchObject({ status: 200, body: { name: 'new', types: ['message.*'], url, keyId } })
  expect((await api.call('PATCH', path, { body: { enabled: false } })).body).toMatchObject({
    enabled: false,
    disabled: { reason: 'by_request' },
  })
  expect(await api.call('POST', `${path}/test`, { body: {} })).toMatchObject({
    status: 409,
    body: { code: 'webhook.disabled' },
  })
  const on = await api.call('PATCH', path, { body: { enabled: true } })
  expect([on.body.enabled, on.body.disabled, on.body.keyId]).toEqual([true, undefined, keyId])
  await api.store.apiKeys.revoke(keyId)
  expect((await api.call('PATCH', path, { body: { enabled: true } })).body.keyId).not.toBe(keyId)
})

test('rotate-secret shows a new secret and until when the old one is valid', async () => {
  const made = (await create()).body
  const rotated = await api.call('POST', `/v1/webhooks/${made.webhookId}/rotate-secret`, {
    body: { overlapSeconds: 60 },
  })
  expect(rotated.status).toBe(200)
  expect(rotated.body.secret).toMatch(/^whsec_/)
  expect(rotated.body.secret).not.toBe(made.secret)
  const restMs = new Date(rotated.body.previousValidUntil).getTime() - Date.now()
  expect(restMs).toBeGreaterThan(50_000)
  expect(restMs).toBeLessThanOrEqual(60_000)
  const bad = await api.call('POST', `/v1/webhooks/${made.webhookId}/rotate-secret`, { body: { overlapSeconds: -1 } })
  expect(bad.status).toBe(422)
})

test('deliveries: listed by state, read with their attempts, made again one by one or by range', async () => {
  const { webhookId } = (await create()).body
  const path = `/v1/webhooks/${webhookId}`
  const at = (n: number) => new Date(Date.UTC(2026, 0, n))
  const rows = Array.from({ length: 5 }, (_, i) => ({
    stream: session,
    seq: i + 1,
    type: 'chat.updated' as const,
    at: at(i + 1),
  }))
  await api.store.deliveries.add(webhookId, rows, 1)
  const end = (seq: number, state: 'delivered' | 'failed') =>
    api.store.deliveries.record(
      `${webhookId}/${session}:${seq}`,
      1,
      { at: at(1), durationMs: 12, status: state === 'failed' ? 500 : 200, answer: 'said' },
      { state },
    )
  const endAll = () => Promise.all([end(1, 'delivered'), end(2, 'failed'), end(3, 'delivered'), end(4, 'failed')])
  await endAll()
  const ids = (answer: { body: any }) => answer.body.data.map((row: any) => row.deliveryId)
  const list = (query = '') => api.call('GET', `${path}/deliveries${query}`)
  expect(ids(await list())).toEqual([5, 4, 3, 2, 1].map((n) => `${session}:${n}`))
  expect(ids(await list('?state=failed'))).toEqual([`${session}:4`, `${session}:2`])
  expect((await list('?state=lost')).status).toBe(422)
  const one = await api.call('GET', `${path}/deliveries/${encodeURIComponent(`${session}:2`)}`)
  expect(one).toMatchObject({
    status: 200,
    body: { state: 'failed', lastStatus: 500, attempts: [{ durationMs: 12, status: 500, answer: 'said' }] },
  })
  expect((await api.call('GET', `${path}/deliveries/none:1`)).body.code).toBe('delivery.not_found')

  const again = await api.call('POST', `${path}/deliveries/${session}:1/redeliver`, { body: {} })
  expect(again).toMatchObject({ status: 202, body: { state: 'pending', deliveryId: `${session}:1` } })
  const range = (body: object) => api.call('POST', `${path}/redeliver`, { body })
  expect((await range({ stream: session, after: 1, before: 4 })).body).toEqual({ count: 2, nextAfter: null })
  await endAll()
  expect((await range({ stream: session, after: 0, state: 'failed' })).body.count).toBe(2)
  await endAll()
  expect((await range({ after: at(2).toISOString(), before: at(5).toISOString() })).body.count).toBe(2)
  for (const bad of [{}, { stream: session }, { after: 1 }, { stream: session, after: at(1).toISOString() }])
    expect((await range(bad)).status, JSON.stringify(bad)).toBe(422)
})

test('DELETE takes its deliveries along', async () => {
  const { webhookId } = (await create()).body
  await api.call('POST', `/v1/webhooks/${webhookId}/test`, { body: {} })
  expect((await api.call('GET', `/v1/webhooks/${webhookId}/deliveries`)).body.data).toMatchObject([
    { type: 'webhook.test', state: 'pending' },
  ])
  expect((await api.call('DELETE', `/v1/webhooks/${webhookId}`)).status).toBe(204)
  expect((await api.call('DELETE', `/v1/webhooks/${webhookId}`)).status).toBe(404)
  expect((await api.store.deliveries.page(webhookId, { limit: 5 })).data).toEqual([])
})
