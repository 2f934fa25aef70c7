// Every route, whatever its noun: another's session is not there, and nothing that is given makes the API fail.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../scripts/testing/api.ts'

let api: TestApi
let key: string
beforeAll(async () => {
  api = await openTestApi({ withFeed: false })
  await api.createSession('mine')
  await api.createSession('theirs')
  ;({ key } = await api.createKey({ scopes: ['*'], sessions: ['mine'] }))
})
afterAll(() => api.close())

const methods = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
const routes = (prefix: string) => [
  ...new Set(
    api.app.routes
      .filter(({ method, path }) => methods.has(method) && path.startsWith(prefix) && !path.includes('*'))
      .map(({ method, path }) => `${method} ${path}`),
  ),
]
const fill = (path: string, sessionId: string, id: string) =>
  path.replace(':sessionId', sessionId).replace(/:[A-Za-z]+(?:\{[^}]*\})?\??/g, id)

test('a session of somebody else is as absent as one that never was, in every route', async () => {
  const all = routes('/v1/sessions/:sessionId')
  expect(all.length).toBeGreaterThan(50)
  for (const route of all) {
    const [method = '', path = ''] = route.split(' ')
    const body = method === 'GET' || method === 'DELETE' ? {} : { body: {} }
    const [theirs, never] = await Promise.all(
      ['theirs', 'never'].map((sessionId) => api.call(method, fill(path, sessionId, '34600000001'), { key, ...body })),
    )
    const seen = { status: theirs?.status, code: theirs?.body?.code, detail: theirs?.body?.detail }
    expect(seen, route).toMatchObject({ status: 404, code: 'session.not_found' })
    expect(seen, route).toEqual({ status: never?.status, code: never?.body?.code, detail: never?.body?.detail })
  }
})

const ids = ['..%2f..%2fetc%2fpasswd', '%00', '%24where', '%7B%22%24gt%22%3A%22%22%7D', 'x'.repeat(3_000), '%E2%80%AE']

test.each(ids.map((id) => [id.slice(0, 20), id]))('an id like %s makes no route fail', async (_short, id) => {
  for (const route of routes('/v1/')) {
    const [method = '', path = ''] = route.split(' ')
    if (!path.includes(':') || path === '/v1/sessions/:sessionId') continue
    const body = method === 'GET' || method === 'DELETE' ? {} : { body: {} }
    const answer = await api.call(method, fill(path, 'mine', id), { key, ...body })
    expect(answer.status, `${route}: ${answer.text.slice(0, 200)}`).not.toBe(500)
  }
})

test('a body that is an operator, or has fields that nobody knows, makes no route fail and no session go', async () => {
  const bodies: unknown[] = [{ $gt: '' }, { __proto__: { x: 1 }, constructor: { $where: '1' } }, [], 'x', 7, null]
  for (const route of routes('/v1/')) {
    const [method = '', path = ''] = route.split(' ')
    if (!['POST', 'PUT', 'PATCH'].includes(method) || path === '/v1/media') continue
    for (const body of bodies) {
      const answer = await api.call(method, fill(path, 'mine', '34600000001'), { key, body: JSON.stringify(body) })
      expect(answer.status, `${route}: ${answer.text.slice(0, 200)}`).not.toBe(500)
    }
  }
  const sessions = await api.call('GET', '/v1/sessions')
  expect(sessions.body.data.map((one: { sessionId: string }) => one.sessionId).sort()).toEqual(['mine', 'theirs'])
})
