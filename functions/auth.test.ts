import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../scripts/testing/api.ts'
import { createAuthenticator, feedTrustMs } from '../shared/auth/authenticate.ts'
import { failuresPerMinute } from '../shared/auth/failed-attempts.ts'

let api: TestApi
const others: TestApi[] = []
beforeAll(async () => {
  api = await openTestApi()
})
afterEach(async () => {
  for (const other of others.splice(0)) await other.close()
})
afterAll(() => api.close())

async function another(options: Parameters<typeof openTestApi>[0]): Promise<TestApi> {
  const opened = await openTestApi({ on: api, ...options })
  others.push(opened)
  return opened
}

const withoutId = (text: string) => text.replace(/"requestId":"[^"]*"/, '')

test('a key is taken as a bearer token and as X-API-Key', async () => {
  expect((await api.call('GET', '/v1/sessions')).status).toBe(200)
  const header = await api.call('GET', '/v1/sessions', { key: null, headers: { 'x-api-key': api.adminKey } })
  expect(header.status).toBe(200)
})

test('without a key it is 401 auth.missing, with a wrong one 401 auth.invalid', async () => {
  const missing = await api.call('GET', '/v1/sessions', { key: null })
  expect([missing.status, missing.body.code, missing.headers.get('www-authenticate')]).toEqual([
    401,
    'auth.missing',
    'Bearer realm="wastream"',
  ])
  const wrong = await api.call('GET', '/v1/sessions', { key: 'wsk_wrong' })
  expect([wrong.status, wrong.body.code]).toEqual([401, 'auth.invalid'])
})

test('an expired key is refused, also when it was remembered', async () => {
  let nowMs = Date.now()
  const { key } = await api.createKey({ scopes: ['*'], expiresAt: new Date(nowMs + 60_000) })
  const timed = await another({ now: () => nowMs })
  expect((await timed.call('GET', '/v1/sessions', { key })).status).toBe(200)
  nowMs += 60_001
  expect((await timed.call('GET', '/v1/sessions', { key })).status).toBe(401)
})

test('a key revoked in another process is refused within 2 s with a feed', async () => {
  const elsewhere = await another({})
  const { key, keyId } = await api.createKey({ scopes: ['*'] })
  expect((await elsewhere.call('GET', '/v1/sessions', { key })).status).toBe(200)
  await api.call('DELETE', `/v1/api-keys/${keyId}`)
  await expect
    .poll(async () => (await elsewhere.call('GET', '/v1/sessions', { key })).status, { timeout: 2_000, interval: 20 })
    .toBe(401)
})

test('without a feed a revoked key is refused at once', async () => {
  const frozen = await another({ withFeed: false })
  const { key, keyId } = await api.createKey({ scopes: ['*'] })
  expect((await frozen.call('GET', '/v1/sessions', { key })).status).toBe(200)
  await api.call('DELETE', `/v1/api-keys/${keyId}`)
  expect((await frozen.call('GET', '/v1/sessions', { key })).status).toBe(401)
})

test('in the process that revokes it, a key is refused at once', async () => {
  const { key, keyId } = await api.createKey({ scopes: ['*'] })
  expect((await api.call('GET', '/v1/sessions', { key })).status).toBe(200)
  expect((await api.call('DELETE', `/v1/api-keys/${keyId}`)).body.revokedAt).toBeDefined()
  expect((await api.call('GET', '/v1/sessions', { key })).status).toBe(401)
})

test('a feed that is silent for 2 s is not believed: the key is looked up again', async () => {
  const { key, keyId } = await api.createKey({ scopes: ['*'] })
  let clockMs = 1_000
  const auth = createAuthenticator({
    store: api.store,
    feed: { listen: () => () => undefined, progressAtMs: () => 1_000 },
    monotonicMs: () => clockMs,
  })
  await auth.authenticate(key, () => 'test')
  await api.store.apiKeys.revoke(keyId)
  await expect(auth.authenticate(key, () => 'test')).resolves.toMatchObject({ id: keyId })
  clockMs += feedTrustMs
  await expect(auth.authenticate(key, () => 'test')).rejects.toMatchObject({ code: 'auth.invalid' })
  auth.close()
})

test('a key that is looked up while it is being revoked is not remembered', async () => {
  const { key, keyId } = await api.createKey({ scopes: ['*'] })
  let ring: (change: { kind: 'apiKey'; id: string }) => void = () => undefined
  const auth = createAuthenticator({
    store: {
      ...api.store,
      apiKeys: {
        read: (id: string) => api.store.apiKeys.read(id),
        async byToken(token: string) {
          const found = await api.store.apiKeys.byToken(token)
          if (!found?.revokedAt) {
            await api.store.apiKeys.revoke(keyId)
            ring({ kind: 'apiKey', id: keyId })
          }
          return found
        },
      },
    },
    feed: {
      listen(listener) {
        ring = listener
        return () => undefined
      },
      progressAtMs: () => performance.now(),
    },
  })
  await auth.authenticate(key, () => 'test')
  await expect(auth.authenticate(key, () => 'test')).rejects.toMatchObject({ code: 'auth.invalid' })
  auth.close()
})

test('guessing keys is limited per address, and does not lock others out', async () => {
  // In the next minute, so that the database does not expire the count while it is made.
  const nowMs = Math.ceil(Date.now() / 60_000) * 60_000 + 1
  const limited = await another({ now: () => nowMs, env: { TRUST_PROXY: 'on' } })
  const guess = (address: string) =>
    limited.call('GET', '/v1/sessions', { key: 'wsk_guess', headers: { 'x-forwarded-for': `9.9.9.9, ${address}` } })
  for (let n = 0; n <= failuresPerMinute; n += 1) expect((await guess('10.0.0.1')).status).toBe(401)
  const refused = await guess('10.0.0.1')
  expect([refused.status, refused.body.code]).toEqual([429, 'rate.limited'])
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect((await guess('10.0.0.2')).status).toBe(401)
})

test('absent and not yours look the same, byte by byte, on every route of a session', async () => {
  const mine = await api.createSession()
  const theirs = await api.createSession()
  const { key } = await api.createKey({ scopes: ['*'], sessions: [mine] })
  const text = { type: 'text', to: '5491155550000', text: 'hi' }
  for (const [method, at, body] of [
    ['GET', '', undefined],
    ['PATCH', '', { name: 'x' }],
    ['DELETE', '', undefined],
    ['POST', '/start', undefined],
    ['GET', '/qr', undefined],
    ['POST', '/pairing-code', { phone: '5491155550000' }],
    ['POST', '/messages', text],
    ['GET', '/messages/X', undefined],
    ['GET', '/chats', undefined],
    ['GET', '/chats/5491155550000/messages', undefined],
    ['GET', '/contacts', undefined],
    ['PUT', '/presence', { state: 'available' }],
  ] as const) {
    const foreign = await api.call(method, `/v1/sessions/${theirs}${at}`, { key, body })
    const absent = await api.call(method, `/v1/sessions/absent${at}`, { key, body })
    expect([foreign.status, foreign.body.code]).toEqual([404, 'session.not_found'])
    expect(withoutId(foreign.text)).toBe(withoutId(absent.text))
  }
  const events = await api.call('GET', `/v1/events?stream=${theirs}`, { key })
  const noEvents = await api.call('GET', '/v1/events?stream=absent', { key })
  expect([events.status, withoutId(events.text)]).toEqual([404, withoutId(noEvents.text)])
  expect((await api.call('GET', '/v1/events?stream=team', { key })).status).toBe(404)
  expect(await api.store.commands.waiting(theirs, 10)).toEqual([])
})

test('commands of foreign sessions are absent: not listed, not read, not cancelled', async () => {
  const mine = await api.createSession()
  const theirs = await api.createSession()
  const { key } = await api.createKey({ scopes: ['*'], sessions: [mine] })
  const { body } = await api.call('POST', `/v1/sessions/${theirs}/messages`, {
    body: { type: 'text', to: '5491155550000', text: 'hi' },
  })
  const foreign = await api.call('GET', `/v1/commands/${body.commandId}`, { key })
  expect([foreign.status, foreign.body.code]).toEqual([404, 'command.not_found'])
  expect((await api.call('DELETE', `/v1/commands/${body.commandId}`, { key })).status).toBe(404)
  expect((await api.call('GET', '/v1/commands', { key })).body.data).toEqual([])
  expect((await api.call('GET', '/v1/commands?state=queued')).body.data).toContainEqual(
    expect.objectContaining({ commandId: body.commandId, state: 'queued' }),
  )
  expect((await api.call('GET', `/v1/commands?sessionId=${theirs}`)).body.data).toHaveLength(1)
})

test('a scope that is missing is 403 where the caller may know the session, and 404 where it may not', async () => {
  const session = await api.createSession()
  const reader = await api.createKey({ scopes: ['sessions.read'] })
  const stranger = await api.createKey({ scopes: ['keys.read'] })
  const post = (key: string, id: string) =>
    api.call('POST', `/v1/sessions/${id}/messages`, { key, body: { type: 'text', to: '5491155550000', text: 'hi' } })
  expect(await post(reader.key, session)).toMatchObject({ status: 403, body: { code: 'auth.forbidden' } })
  expect(await post(reader.key, 'absent')).toMatchObject({ status: 404 })
  expect(await post(stranger.key, session)).toMatchObject({ status: 404 })
  expect(await api.call('GET', '/v1/sessions', { key: stranger.key })).toMatchObject({ status: 403 })
})

test('a key limited to sessions cannot make another session', async () => {
  const { key } = await api.createKey({ scopes: ['*'], sessions: ['only-this'] })
  expect((await api.call('POST', '/v1/sessions', { key, body: { sessionId: 'another' } })).status).toBe(403)
  expect((await api.call('POST', '/v1/sessions', { key, body: { sessionId: 'only-this' } })).status).toBe(201)
})

test('a key is made, shown once, listed and read without its secret', async () => {
  const made = await api.call('POST', '/v1/api-keys', {
    body: { name: 'shop', scopes: ['messages.*'], sessions: ['a'] },
  })
  expect(made.status).toBe(201)
  expect(made.body).toMatchObject({
    name: 'shop',
    scopes: ['messages.*'],
    sessions: ['a'],
    key: expect.stringMatching(/^wsk_/),
  })
  const read = await api.call('GET', `/v1/api-keys/${made.body.keyId}`)
  expect(read.body).toMatchObject({ keyId: made.body.keyId, prefix: made.body.key.slice(0, 10) })
  const list = await api.call('GET', '/v1/api-keys?limit=200')
  expect(list.text + read.text).not.toContain(made.body.key)
  expect(list.body.data).toContainEqual(expect.objectContaining({ keyId: made.body.keyId }))
})

test.each([
  ['a scope of its own it lacks', { scopes: ['sessions.write'], sessions: ['a'] }],
  ['everything', { scopes: ['*'], sessions: ['a'] }],
  ['a whole resource', { scopes: ['messages.*'], sessions: ['a'] }],
  ['another session', { scopes: ['messages.read'], sessions: ['a', 'b'] }],
  ['every session', { scopes: ['messages.read'] }],
  ['a longer life', { scopes: ['messages.read'], sessions: ['a'], expiresAt: '2099-01-01T00:00:00Z' }],
  ['a life without end', { scopes: ['messages.read'], sessions: ['a'] }],
] as const)('a key cannot be given %s', async (_name, rights) => {
  const { key } = await api.createKey({
    scopes: ['keys.write', 'messages.read'],
    sessions: ['a'],
    expiresAt: new Date(Date.now() + 3_600_000),
  })
  const made = await api.call('POST', '/v1/api-keys', { key, body: { name: 'more', ...rights } })
  expect([made.status, made.body.code]).toEqual([403, 'auth.forbidden'])
})

test('a key neither sees nor revokes a key that may do more', async () => {
  const { key } = await api.createKey({ scopes: ['keys.*', 'messages.read'] })
  const strong = await api.createKey({ scopes: ['*'] })
  const weak = await api.createKey({ scopes: ['messages.read'] })
  expect((await api.call('GET', `/v1/api-keys/${strong.keyId}`, { key })).body.code).toBe('key.not_found')
  expect((await api.call('DELETE', `/v1/api-keys/${strong.keyId}`, { key })).status).toBe(404)
  expect((await api.call('GET', '/v1/sessions', { key: strong.key })).status).toBe(200)
  const seen = (await api.call('GET', '/v1/api-keys?limit=200', { key })).body.data.map((one: any) => one.keyId)
  expect(seen).toContain(weak.keyId)
  expect(seen).not.toContain(strong.keyId)
})

test('a ticket belongs to its key, opens once, and says where', async () => {
  const { key, keyId } = await api.createKey({ scopes: ['events.read'] })
  const issued = await api.call('POST', '/v1/ws-tickets', { key })
  expect(issued).toMatchObject({ status: 201, body: { url: 'ws://relay.test/v1/ws' } })
  expect(await api.store.tickets.redeem(issued.body.ticket)).toBe(keyId)
  expect(await api.store.tickets.redeem(issued.body.ticket)).toBeUndefined()
  const { key: mute } = await api.createKey({ scopes: ['messages.read'] })
  expect((await api.call('POST', '/v1/ws-tickets', { key: mute })).status).toBe(403)
})

test('requests beyond the limit of a key are 429 with Retry-After, counted over all processes together', async () => {
  const nowMs = Math.floor(Date.now() / 60_000) * 60_000 + 600_000
  const options = { now: () => nowMs, env: { RATE_LIMIT_PER_MINUTE: '40' } }
  const [one, two] = [await another(options), await another(options)]
  const { key } = await api.createKey({ scopes: ['*'] })
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) => (n % 2 ? one : two).call('GET', '/v1/sessions?limit=1', { key })),
  )
  expect(answers.filter((answer) => answer.status === 200)).toHaveLength(40)
  const refused = answers.find((answer) => answer.status === 429)
  expect(refused?.body).toMatchObject({ code: 'rate.limited', retryable: true })
  expect(refused?.headers.get('retry-after')).toBe('60')
  expect(refused?.headers.get('ratelimit-limit')).toBe('40')
  expect(refused?.headers.get('ratelimit-remaining')).toBe('0')
})
