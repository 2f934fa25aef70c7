import { hc } from 'hono/client'
import { expect, test } from 'vitest'
import { openTestApi } from '../scripts/testing/api.ts'
import type { App } from './app.ts'

test('the typed client knows the routes, what they take and what they answer', async () => {
  const api = await openTestApi({ withFeed: false })
  const client = hc<App>('http://api.test', {
    fetch: (input: string | URL | Request, init?: RequestInit) => api.app.request(input, init),
    headers: { authorization: `Bearer ${api.adminKey}` },
  })
  const made = await client.v1.sessions.$post({ json: { sessionId: 'typed' } })
  const session = await made.json()
  const status: string = session.status
  expect([made.status, status]).toEqual([201, 'pending'])

  const refused = await client.v1.sessions[':sessionId'].messages.$post({
    param: { sessionId: 'typed' },
    // @ts-expect-error -- a number is no text
    json: { type: 'text', to: '5491155550000', text: 5 },
  })
  expect(refused.status).toBe(422)
  await api.close()
})
