import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../scripts/testing/api.ts'

let api: TestApi
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())

const soon = () => new Date(Date.now() + 60_000)
const png = 'data:image/png;base64,iVBORw0KGgo='

test('a new session is pending, linking, and announced in its own stream', async () => {
  const made = await api.call('POST', '/v1/sessions', {
    body: { sessionId: 'shop', name: 'Shop', settings: { ignoreGroups: true } },
  })
  expect(made.status).toBe(201)
  expect(made.body).toMatchObject({
    sessionId: 'shop',
    name: 'Shop',
    status: 'pending',
    isConnected: false,
    isActive: true,
    settings: { ignoreGroups: true },
    totalChats: 0,
  })
  expect(made.headers.get('location')).toBe('/v1/sessions/shop')
  expect(await api.store.leases.read('shop')).toMatchObject({ owner: null, epoch: 0 })
  const events = await api.call('GET', '/v1/events?stream=shop')
  expect(events.body.data).toMatchObject([{ id: 'shop:1', type: 'session.created', data: { sessionId: 'shop' } }])
})

test('a session without an id gets one that fits in a path', async () => {
  const made = await api.call('POST', '/v1/sessions', { body: {} })
  expect(made.status).toBe(201)
  expect(made.body.sessionId).toMatch(/^[A-Za-z0-9_-]{1,64}$/)
})

test('the same id twice is 409 session.exists', async () => {
  const id = await api.createSession()
  const again = await api.call('POST', '/v1/sessions', { body: { sessionId: id } })
  expect([again.status, again.body.code]).toEqual([409, 'session.exists'])
})

test('the name of the team stream is no session id', async () => {
  const made = await api.call('POST', '/v1/sessions', { body: { sessionId: 'team' } })
  expect([made.status, made.body.errors[0].path]).toEqual([422, 'sessionId'])
})

test('a sandbox session where there is no sandbox is 409 session.sandbox_off, and nothing is stored', async () => {
  const without = await openTestApi({ on: api, sandboxAvailable: false, withFeed: false })
  const made = await without.call('POST', '/v1/sessions', { body: { sessionId: 'box', sandbox: true } })
  expect([made.status, made.body.code]).toEqual([409, 'session.sandbox_off'])
  expect(await api.store.sessions.read('box')).toBeNull()
  await without.close()
})

test('sessions are listed newest first, page by page', async () => {
  const ids = [await api.createSession(), await api.createSession(), await api.createSession()]
  const { key } = await api.createKey({ scopes: ['sessions.read'], sessions: ids })
  const first = await api.call('GET', '/v1/sessions?limit=2', { key })
  expect(first.body.data.map((one: any) => one.sessionId)).toEqual([ids[2], ids[1]])
  const second = await api.call('GET', `/v1/sessions?limit=2&cursor=${first.body.nextCursor}`, { key })
  expect(second.body).toMatchObject({ data: [{ sessionId: ids[0] }], nextCursor: null })
})

test('a change of name and settings is kept and announced', async () => {
  const id = await api.createSession()
  const patched = await api.call('PATCH', `/v1/sessions/${id}`, { body: { name: 'New', settings: { autoRead: true } } })
  expect([patched.status, patched.body.name, patched.body.settings]).toEqual([200, 'New', { autoRead: true }])
  const events = await api.call('GET', `/v1/events?stream=${id}&types=session.updated`)
  expect(events.body.data).toMatchObject([{ seq: 2, data: { name: 'New' } }])
})

test('a session whose creation was cut short can be removed: somebody may claim it', async () => {
  await api.store.sessions.create('cut-short', {})
  expect((await api.call('DELETE', '/v1/sessions/cut-short')).status).toBe(202)
  expect((await api.store.leases.claim('cut-short', 'owner', 60_000)).outcome).toBe('claimed')
})

test('a setting that is null has its default again; the others stay', async () => {
  const id = await api.createSession()
  const patch = async (settings: object) => (await api.call('PATCH', `/v1/sessions/${id}`, { body: { settings } })).body
  await patch({ autoRead: true, pace: { perMinute: 5 }, downloadMedia: { kinds: [] }, proxyUrl: null })
  expect((await patch({ pace: null, downloadMedia: null })).settings).toEqual({ autoRead: true })
  expect((await patch({ proxyUrl: null, autoRead: null })).settings).toEqual({})
})

test.each([
  ['start', 'linked'],
  ['stop', 'stopped'],
  ['restart', 'linked'],
  ['logout', 'logged_out'],
])('%s writes the wish %s and a new revision', async (verb, wanted) => {
  const id = await api.createSession()
  const answer = await api.call('POST', `/v1/sessions/${id}/${verb}`)
  expect(answer.status).toBe(202)
  expect(await api.store.sessions.read(id)).toMatchObject({ wanted, wantedRevision: 2 })
})

test('a deleted session is gone for its callers at once, and its name is free only when its owner has finished', async () => {
  const id = await api.createSession()
  const message = { type: 'text', to: '5491155550000', text: 'hi' }
  expect((await api.call('POST', `/v1/sessions/${id}/messages`, { body: message })).status).toBe(202)
  const removed = await api.call('DELETE', `/v1/sessions/${id}`)
  expect([removed.status, removed.body]).toEqual([202, { sessionId: id, status: 'deleting' }])
  expect((await api.call('GET', `/v1/sessions/${id}`)).status).toBe(404)
  expect((await api.call('DELETE', `/v1/sessions/${id}`)).status).toBe(404)
  expect((await api.call('POST', `/v1/sessions/${id}/messages`, { body: message })).status).toBe(404)
  const again = await api.call('POST', '/v1/sessions', { body: { sessionId: id } })
  expect([again.status, again.body.code]).toEqual([409, 'session.deleting'])
})

test('the QR is served as JSON, PNG, SVG and text', async () => {
  const id = await api.createSession()
  await api.store.sessions.update(id, {
    status: 'qr_ready',
    qr: { code: 'code,in,the,picture', png, svg: '<svg/>', expiresAt: soon() },
  })
  const as = (accept: string) => api.call('GET', `/v1/sessions/${id}/qr`, { headers: { accept } })
  expect((await as('application/json')).body).toMatchObject({ qr: png, code: 'code,in,the,picture' })
  const picture = await as('image/png')
  expect(picture.headers.get('content-type')).toBe('image/png')
  expect(picture.text.slice(1, 4)).toBe('PNG')
  expect((await as('image/svg+xml')).text).toBe('<svg/>')
  const text = await as('text/plain')
  expect([text.text, text.headers.get('content-type')]).toEqual(['code,in,the,picture', 'text/plain; charset=UTF-8'])
})

test('without a QR it is 409 session.qr_not_ready; an old one is none', async () => {
  const id = await api.createSession()
  await api.store.sessions.update(id, { qr: { code: 'old', png, svg: '', expiresAt: new Date(Date.now() - 1) } })
  const answer = await api.call('GET', `/v1/sessions/${id}/qr`)
  expect([answer.status, answer.body.code, answer.body.retryable]).toEqual([409, 'session.qr_not_ready', true])
})

test('?wait= answers as soon as the QR is there', async () => {
  const id = await api.createSession()
  const waiting = api.call('GET', `/v1/sessions/${id}/qr?wait=20`)
  await api.store.sessions.update(id, { qr: { code: 'fresh', png, svg: '', expiresAt: soon() } })
  expect((await waiting).body.code).toBe('fresh')
})

test('a linked session has no QR and gives no pairing code', async () => {
  const id = await api.createSession()
  await api.store.sessions.update(id, { linked: true })
  const qr = await api.call('GET', `/v1/sessions/${id}/qr`)
  expect([qr.status, qr.body.code]).toEqual([409, 'session.already_linked'])
  const code = await api.call('POST', `/v1/sessions/${id}/pairing-code`, { body: { phone: '+54 9 11 5555-0000' } })
  expect([code.status, code.body.code]).toEqual([409, 'session.already_linked'])
})

/** Resolves when the session has been asked for a pairing code. */
function pairingAsked(id: string): Promise<void> {
  return new Promise((resolve) => {
    const stop = api.feed?.listen((change) => {
      if (change.kind !== 'session' || change.id !== id) return
      void api.store.sessions.read(id).then((session) => {
        if (!session?.pairing) return
        stop?.()
        resolve()
      })
    })
  })
}

test('a pairing code is waited for and handed out', async () => {
  const id = await api.createSession()
  const asked = pairingAsked(id)
  const waiting = api.call('POST', `/v1/sessions/${id}/pairing-code`, { body: { phone: '+54 9 11 5555-0000' } })
  await asked
  const session = await api.store.sessions.read(id)
  expect(session?.pairing?.phone).toBe('5491155550000')
  await api.store.sessions.update(id, { pairing: { ...session!.pairing!, code: 'ABCD-1234', expiresAt: soon() } })
  expect(await waiting).toMatchObject({ status: 200, body: { code: 'ABCD-1234' } })
})

test('a pairing code that WhatsApp refuses is 502 pairing.failed with the reason', async () => {
  const id = await api.createSession()
  const asked = pairingAsked(id)
  const waiting = api.call('POST', `/v1/sessions/${id}/pairing-code`, { body: { phone: '5491155550001' } })
  await asked
  const session = await api.store.sessions.read(id)
  await api.store.sessions.update(id, { pairing: { ...session!.pairing!, error: 'rate-overlimit' } })
  expect(await waiting).toMatchObject({ status: 502, body: { code: 'pairing.failed', detail: 'rate-overlimit' } })
})

test('a pairing code for something that is no phone number is 422 and asks nothing', async () => {
  const id = await api.createSession()
  const answer = await api.call('POST', `/v1/sessions/${id}/pairing-code`, { body: { phone: '0800-CALL-ME' } })
  expect([answer.status, answer.body.errors[0].path]).toEqual([422, 'phone'])
  expect((await api.store.sessions.read(id))?.pairing).toBeUndefined()
})

test('a lock on writing to new contacts is shown while it lasts, also when nobody was there to see its end', async () => {
  const id = await api.createSession()
  const shown = async () => (await api.call('GET', `/v1/sessions/${id}`)).body.outreachLockedUntil as unknown
  const lock = { by: 'guess' as const, repeats: 0, revision: 1, isOver: false }
  const until = soon()
  expect(await shown()).toBeUndefined()
  await api.store.sessions.update(id, { outreachLock: { ...lock, until } })
  expect(await shown()).toBe(until.toISOString())
  await api.store.sessions.update(id, { outreachLock: { ...lock, until, isOver: true } })
  expect(await shown()).toBeUndefined()
  await api.store.sessions.update(id, { outreachLock: { ...lock, until: new Date(Date.now() - 1) } })
  expect(await shown()).toBeUndefined()
})
