import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../scripts/testing/api.ts'
import { openCable } from '../../../scripts/testing/cable.ts'
import { openTestStore } from '../../../scripts/testing/mongo.ts'

let api: TestApi
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())

test('health and readiness are open to anyone', async () => {
  expect(await api.call('GET', '/health', { key: null })).toMatchObject({ status: 200, body: { status: 'ok' } })
  expect(await api.call('GET', '/ready', { key: null })).toMatchObject({
    status: 200,
    body: { status: 'ready', mongodb: 'ok', changeStream: 'ok' },
  })
})

test('a change stream that is silent for too long is not ready', async () => {
  const stalled = await openTestApi({ on: api, monotonicMs: () => performance.now() + 11_000 })
  expect(await stalled.call('GET', '/ready')).toMatchObject({ status: 503, body: { code: 'store.unavailable' } })
  await stalled.close()
})

test('statistics count what the key may see', async () => {
  const [one, two] = [await api.createSession(), await api.createSession()]
  await api.store.sessions.update(one, { status: 'connected', linked: true, messagesSent: 3, messagesReceived: 4 })
  await api.store.chats.resolveOrCreate(one, ['5491155550000@s.whatsapp.net'], new Date())
  const { key } = await api.createKey({ scopes: ['ops.read'], sessions: [one, two] })
  expect((await api.call('GET', '/v1/statistics', { key })).body).toEqual({
    total: 2,
    active: 2,
    connected: 1,
    disconnected: 0,
    pending: 1,
    totalMessages: 7,
    totalChats: 1,
  })
  const none = await api.createKey({ scopes: ['ops.read'], sessions: [] })
  expect((await api.call('GET', '/v1/statistics', { key: none.key })).body).toMatchObject({ total: 0, totalChats: 0 })
})

test('while MongoDB is away requests are 503 with Retry-After, and everything goes on by itself when it is back', async () => {
  const cable = await openCable(api.uri)
  const on = await openTestStore({ uri: cable.uri, serverSelectionTimeoutMs: 4_000 })
  const said: string[] = []
  const tell = (level: string) => (_fields: object, sentence: string) => void said.push(`${level} ${sentence}`)
  const log = { debug: () => undefined, info: tell('info'), warn: tell('warn'), error: tell('error') }
  const far = await openTestApi({ on, env: { RATE_LIMIT_PER_MINUTE: '20' }, log })
  const session = await far.createSession()
  const body = { type: 'text', to: '5491155550000', text: 'hi' }
  const send = () => far.call('POST', `/v1/sessions/${session}/messages`, { body })
  expect((await send()).status).toBe(202)

  cable.cut()
  for (const answer of [await far.call('GET', '/v1/sessions'), await send(), await far.call('GET', '/ready')]) {
    expect(answer).toMatchObject({ status: 503, body: { code: 'store.unavailable', retryable: true } })
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(answer.text).not.toMatch(/mongo|127\.0\.0\.1|at \//i)
  }
  expect((await far.call('GET', '/health')).status).toBe(200)
  const away = 'warn MongoDB does not answer; what needs it waits, or is refused, until it does'
  expect(said, 'once, not once per request').toEqual([away])

  cable.mend()
  await expect.poll(async () => (await send()).status).toBe(202)
  await expect.poll(async () => (await far.call('GET', '/ready')).status).toBe(200)
  expect(said.slice(0, 2)).toEqual([away, 'info MongoDB answers again'])
  await far.close()
  await on.close()
  cable.close()
})

test('something that nobody foresaw is 500 without its reason', async () => {
  const broken = await openTestApi({
    on: {
      ...api,
      store: {
        ...api.store,
        sessions: { ...api.store.sessions, list: () => Promise.reject(new Error('secret of ours')) },
      },
    },
    withFeed: false,
  })
  const answer = await broken.call('GET', '/v1/sessions')
  expect([answer.status, answer.body.code]).toEqual([500, 'internal.error'])
  expect(answer.text).not.toContain('secret of ours')
  await broken.close()
})
