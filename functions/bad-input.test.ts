import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../scripts/testing/api.ts'
import { maxBodyBytes } from './request/read-body.ts'

let api: TestApi
let session: string
beforeAll(async () => {
  api = await openTestApi({ env: { CORS_ORIGINS: 'https://app.example' } })
  session = await api.createSession()
})
afterAll(() => api.close())

test('every failure is a problem document with a code, a request id and no internals', async () => {
  const answer = await api.call('POST', '/v1/sessions', { body: { sessionId: 'no spaces!', colour: 1 } })
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(answer.body).toEqual({
    type: 'urn:wastream:problem:request.invalid',
    title: 'The request is not valid',
    status: 422,
    code: 'request.invalid',
    requestId: answer.headers.get('x-request-id'),
    retryable: false,
    errors: [
      { path: 'sessionId', message: 'must be 1 to 64 of A-Z a-z 0-9 _ -' },
      { path: 'colour', message: 'is not a known field' },
    ],
  })
})

test.each([
  ['not JSON', '{"sessionId":', { 'content-type': 'application/json' }, 400, 'request.malformed'],
  [
    'a form',
    'sessionId=x',
    { 'content-type': 'application/x-www-form-urlencoded' },
    415,
    'request.unsupported_media_type',
  ],
  ['no type', '{}', { 'content-type': '' }, 415, 'request.unsupported_media_type'],
  ['an array', '[]', { 'content-type': 'application/json' }, 422, 'request.invalid'],
  ['null', 'null', { 'content-type': 'application/json' }, 422, 'request.invalid'],
  ['a prototype', '{"__proto__":{"a":1}}', { 'content-type': 'application/json' }, 422, 'request.invalid'],
  ['too deep', '['.repeat(100_000), { 'content-type': 'application/json' }, 400, 'request.malformed'],
  [
    'told to be too large',
    '{}',
    { 'content-type': 'application/json', 'content-length': '99999999999' },
    413,
    'request.too_large',
  ],
  ['too large', `"${'x'.repeat(maxBodyBytes)}"`, { 'content-type': 'application/json' }, 413, 'request.too_large'],
])('a body that is %s is refused', async (_name, body, headers, status, code) => {
  const answer = await api.call('POST', '/v1/sessions', { body, headers })
  expect([answer.status, answer.body.code]).toEqual([status, code])
})

test.each([
  ['a limit of zero', '/v1/sessions?limit=0', 'limit'],
  ['a limit over 200', '/v1/sessions?limit=201', 'limit'],
  ['a limit that is no number', '/v1/sessions?limit=many', 'limit'],
  ['an unknown parameter', '/v1/sessions?colour=red', 'colour'],
  ['a cursor that is none', '/v1/sessions?cursor=%00%ff', 'cursor'],
  ['an operator as a cursor', '/v1/sessions?cursor=WyJzZXNzaW9ucyIseyIkZ3QiOiIifSwieCJd', 'cursor'],
  ['a wait that is too long', '/v1/sessions/SES/qr?wait=31', 'wait'],
  ['a time that is none', '/v1/sessions/SES/chats/5491155550000/messages?before=yesterday', 'before'],
  ['no stream', '/v1/events', 'stream'],
  ['a place that is none', '/v1/events?stream=SES&after=-1', 'after'],
  ['an unknown state', '/v1/commands?state=lost', 'state'],
  ['a parameter given twice', '/v1/sessions?limit=1&limit=2', 'limit'],
  ['a parameter given twice to a compatibility route', '/whatsapp/messages/5491155550000?limit=1&limit=2', 'limit'],
  ['a parameter called like a prototype', '/v1/sessions?__proto__=1', '__proto__'],
  ['a parameter called like a constructor', '/v1/sessions?constructor=1', 'constructor'],
])('%s is 422 with its path', async (_name, path, fault) => {
  const answer = await api.call('GET', path.replace('SES', session))
  expect(answer.status).toBe(422)
  expect(answer.body.errors.map((one: { path: string }) => one.path)).toEqual([fault])
})

test('a cursor of another list is 422 cursor.invalid', async () => {
  for (let n = 0; n < 2; n += 1) await api.createSession()
  const { nextCursor } = (await api.call('GET', '/v1/sessions?limit=1')).body
  for (const path of [
    `/v1/sessions/${session}/chats`,
    `/v1/sessions/${session}/contacts`,
    '/v1/commands',
    '/v1/api-keys',
  ])
    expect(await api.call('GET', `${path}?cursor=${nextCursor}`)).toMatchObject({
      status: 422,
      body: { code: 'cursor.invalid' },
    })
})

test('ids that could be anything are just not there', async () => {
  for (const id of ['%00', '%24where', '..%2F..%2Fetc', 'x'.repeat(500), '%E0%A4%A', '$gt'])
    expect(await api.call('GET', `/v1/sessions/${id}`)).toMatchObject({
      status: 404,
      body: { code: 'session.not_found' },
    })
  expect((await api.call('GET', `/v1/sessions/${session}/messages/%24ne`)).status).toBe(404)
  expect((await api.call('GET', '/v1/commands/%24ne')).status).toBe(404)
})

test('an idempotency key with blanks or without end is 422', async () => {
  for (const key of ['two words', 'x'.repeat(256)]) {
    const answer = await api.call('POST', `/v1/sessions/${session}/messages`, {
      body: { type: 'text', to: '5491155550000', text: 'hi' },
      headers: { 'idempotency-key': key },
    })
    expect([answer.status, answer.body.errors[0].path]).toEqual([422, 'Idempotency-Key'])
  }
})

test.each(['wait=abc', 'wait', 'wait=', 'respond-async, wait=-1'])(
  'a preference of %j is 422, and nothing is sent',
  async (prefer) => {
    const before = (await api.call('GET', `/v1/commands?sessionId=${session}`)).body.data.length
    const answer = await api.call('POST', `/v1/sessions/${session}/messages`, {
      body: { type: 'text', to: '5491155550000', text: 'hi' },
      headers: { prefer },
    })
    expect([answer.status, answer.body.errors[0].path]).toEqual([422, 'Prefer'])
    expect((await api.call('GET', `/v1/commands?sessionId=${session}`)).body.data).toHaveLength(before)
    expect((await api.call('GET', `/v1/sessions/${session}/qr`, { headers: { prefer } })).status).toBe(422)
  },
)

test('other preferences are ignored, as RFC 7240 wants it', async () => {
  const answer = await api.call('POST', `/v1/sessions/${session}/messages`, {
    body: { type: 'text', to: '5491155550000', text: 'hi' },
    headers: { prefer: 'respond-async, waiting=long' },
  })
  expect(answer.status).toBe(202)
})

test('a host that is a word of JavaScript is no jid, and an Accept that is one no form', async () => {
  const answer = await api.call('POST', `/v1/sessions/${session}/messages`, {
    body: { type: 'text', to: '5491155550000@constructor', text: 'hi' },
  })
  expect([answer.status, answer.body.errors?.[0].path]).toEqual([422, 'to'])
  const expiresAt = new Date(Date.now() + 60_000)
  await api.store.sessions.update(session, { qr: { code: 'code', png: 'data:,', svg: '<svg/>', expiresAt } })
  const qr = await api.call('GET', `/v1/sessions/${session}/qr`, { headers: { accept: 'constructor' } })
  expect([qr.status, qr.body?.code]).toEqual([200, 'code'])
})

test.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])(
  'a session called %s is one like any other',
  async (sessionId) => {
    const at = `/v1/sessions/${sessionId}`
    expect((await api.call('POST', '/v1/sessions', { body: `{"sessionId":"${sessionId}"}` })).status).toBe(201)
    await api.createSession()
    expect((await api.call('GET', at)).body).toMatchObject({ sessionId, status: 'pending' })
    expect((await api.call('PATCH', at, { body: { name: 'renamed' } })).body).toMatchObject({ name: 'renamed' })

    const listed: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page = await api.call('GET', `/v1/sessions?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`)
      listed.push(...page.body.data.map((one: { sessionId: string }) => one.sessionId))
      cursor = page.body.nextCursor
    }
    expect(listed.filter((id) => id === sessionId)).toHaveLength(1)

    const events = await api.call('GET', `/v1/events?stream=${sessionId}&limit=1`)
    expect(events.body.data).toMatchObject([{ stream: sessionId, seq: 1 }])
    expect(Object.entries(events.body.at)).toEqual([[sessionId, 1]])
    const rest = await api.call('GET', `/v1/events?stream=${sessionId}&cursor=${events.body.nextCursor}`)
    expect(rest.body.data).toMatchObject([{ stream: sessionId, seq: 2 }])
    const { key } = await api.createKey({ scopes: ['*'], sessions: [sessionId] })
    expect((await api.call('GET', '/v1/sessions', { key })).body.data).toHaveLength(1)
    expect((await api.call('GET', '/v1/statistics', { key })).body).toMatchObject({ total: 1 })
    expect((await api.call('GET', `/v1/sessions/${session}`, { key })).status).toBe(404)

    expect((await api.call('DELETE', at)).status).toBe(202)
    expect((await api.call('GET', at)).status).toBe(404)
  },
)

test('an unknown route is 404, a known one with another method 405 and says which', async () => {
  expect(await api.call('GET', '/v2/sessions')).toMatchObject({ status: 404, body: { code: 'route.not_found' } })
  const wrong = await api.call('PUT', '/v1/sessions')
  expect([wrong.status, wrong.body.code, wrong.headers.get('allow')]).toEqual([
    405,
    'route.method_not_allowed',
    'GET, POST',
  ])
  expect((await api.call('GET', '/v1/sessions/x/messages')).headers.get('allow')).toBe('POST')
})

test('the socket’s route says 426 to a plain request', async () => {
  const answer = await api.call('GET', '/v1/ws', { key: null })
  expect([answer.status, answer.body.code, answer.headers.get('upgrade')]).toEqual([
    426,
    'socket.upgrade_required',
    'websocket',
  ])
})

test('every answer carries the security headers and a request id, failures too', async () => {
  for (const answer of [await api.call('GET', '/health', { key: null }), await api.call('GET', '/nowhere')]) {
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('x-frame-options')).toBe('DENY')
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/)
  }
  const named = await api.call('GET', '/health', { headers: { 'x-request-id': 'trace-12345678' } })
  expect(named.headers.get('x-request-id')).toBe('trace-12345678')
  const forged = await api.call('GET', '/health', { headers: { 'x-request-id': 'a "forged" one' } })
  expect(forged.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/)
})

test('CORS speaks only to the origins that were named', async () => {
  const preflight = await api.call('OPTIONS', '/v1/sessions', {
    key: null,
    headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' },
  })
  expect(preflight.status).toBe(204)
  expect(preflight.headers.get('access-control-allow-origin')).toBe('https://app.example')
  expect(preflight.headers.get('access-control-allow-headers')).toContain('Idempotency-Key')
  const stranger = await api.call('GET', '/health', { headers: { origin: 'https://evil.example' } })
  expect(stranger.headers.get('access-control-allow-origin')).toBeNull()
  const silent = await openTestApi({ on: api, withFeed: false })
  const answer = await silent.call('GET', '/health', { headers: { origin: 'https://app.example' } })
  expect([answer.headers.get('access-control-allow-origin'), answer.headers.get('vary')]).toEqual([null, null])
  await silent.close()
})
