// Both requirement documents, word for word, as far as text goes.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../scripts/testing/api.ts'
import { toMessageKey } from '../../../shared/model/message.ts'
import type { SessionStatus } from '../../../shared/model/session.ts'
import { toCompatStatus } from './status.ts'

let base: TestApi
let api: TestApi
let defaultSession: string
let count = 0
beforeAll(async () => {
  base = await openTestApi()
})
afterAll(() => base.close())
beforeEach(async () => {
  defaultSession = `default-${(count += 1)}`
  api = await openTestApi({ on: base, env: { DEFAULT_SESSION_ID: defaultSession } })
})
afterEach(() => api.close())

const png = 'data:image/png;base64,iVBORw0KGgo='
const qr = () => ({ code: 'code', png, svg: '<svg/>', expiresAt: new Date(Date.now() + 60_000) })
const jid = '5491155550000@s.whatsapp.net'

/** Resolves when the session's document has been written once more and `look` likes it. */
function sessionIs(id: string, look: (session: any) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const stop = api.feed?.listen((change) => {
      if (change.kind !== 'session' || change.id !== id) return
      void api.store.sessions.read(id).then((session) => {
        if (!session || !look(session)) return
        stop?.()
        resolve()
      })
    })
  })
}

test('document 1: POST /generate-qr makes the session, GET /qr polls it', async () => {
  const id = `${defaultSession}-gen`
  expect(await api.call('POST', '/generate-qr', { body: { sessionId: id } })).toMatchObject({
    status: 200,
    body: { message: expect.any(String) },
  })
  expect(await api.call('GET', `/qr/${id}`)).toMatchObject({ status: 200, body: { message: expect.any(String) } })
  await api.store.sessions.update(id, { qr: qr() })
  expect(await api.call('GET', `/qr/${id}`)).toMatchObject({ status: 200, body: { qr: png } })
  await api.store.sessions.update(id, { linked: true })
  expect((await api.call('GET', `/qr/${id}`)).body.qr).toBeUndefined()
})

test('document 1: POST /generate-qr starts a stopped session again', async () => {
  const id = await api.createSession(`${defaultSession}-again`)
  await api.call('POST', `/v1/sessions/${id}/stop`)
  expect((await api.call('POST', '/generate-qr', { body: { sessionId: id } })).status).toBe(200)
  expect(await api.store.sessions.read(id)).toMatchObject({ wanted: 'linked' })
})

test.each([[{}], [{ sessionId: '' }], [{ sessionId: 'no spaces' }], [{ sessionId: 7 }], [{ sessionId: 'team' }]])(
  'document 1: POST /generate-qr with %j is 400 {error}',
  async (body) => {
    expect(await api.call('POST', '/generate-qr', { body })).toMatchObject({
      status: 400,
      body: { error: expect.any(String) },
    })
  },
)

test.each(['/generate-qr', '/whatsapp/session/connect', '/whatsapp/session/disconnect', '/whatsapp/message/send/text'])(
  'an unknown field is refused by %s as everywhere',
  async (path) => {
    const body = { sessionId: `${defaultSession}-x`, to: '5491155550000', text: 'hi', colour: 'red' }
    const known = { '/generate-qr': ['sessionId'], '/whatsapp/message/send/text': ['to', 'text'] }[path] ?? []
    const sent = Object.fromEntries(Object.entries(body).filter(([name]) => name === 'colour' || known.includes(name)))
    expect(await api.call('POST', path, { body: sent })).toMatchObject({
      status: 422,
      body: { code: 'request.invalid', errors: [{ path: 'colour', message: 'is not a known field' }] },
    })
    expect(await api.store.sessions.read(`${defaultSession}-x`)).toBeNull()
  },
)

test('document 1: GET /qr of an unknown or foreign session is 404 {error}', async () => {
  const { key } = await api.createKey({ scopes: ['*'], sessions: ['mine'] })
  const theirs = await api.createSession(`${defaultSession}-theirs`)
  const absent = await api.call('GET', '/qr/absent', { key })
  const foreign = await api.call('GET', `/qr/${theirs}`, { key })
  expect([absent.status, absent.body]).toEqual([404, { error: 'Session not found' }])
  expect([foreign.status, foreign.text]).toEqual([404, absent.text])
})

test('document 1: GET /contacts lists people, never groups', async () => {
  const id = await api.createSession(`${defaultSession}-people`)
  await api.store.contacts.upsert(id, [jid, '123456789012345@lid'], { name: 'Ana' })
  expect((await api.call('GET', `/contacts/${id}`)).body).toEqual({
    contacts: [{ jid, name: 'Ana', isGroup: false, sessionId: id }],
  })
  expect((await api.call('GET', '/contacts/absent')).status).toBe(404)
})

test('document 2: connect answers with the QR as soon as there is one', async () => {
  const made = sessionIs(defaultSession, () => true)
  const connecting = api.call('POST', '/whatsapp/session/connect', { body: {} })
  await made
  await api.store.sessions.update(defaultSession, { qr: qr(), status: 'qr_ready' })
  expect(await connecting).toMatchObject({ status: 200, body: { qr: png } })
  expect((await api.call('GET', '/whatsapp/session/status')).body).toEqual({ status: 'qr-ready' })
})

test('document 2: connect with a phone answers with the pairing code', async () => {
  const asked = sessionIs(defaultSession, (session) => session.pairing !== undefined)
  const connecting = api.call('POST', '/whatsapp/session/connect', { body: { phone: '+5491155550000' } })
  await asked
  const session = await api.store.sessions.read(defaultSession)
  await api.store.sessions.update(defaultSession, { pairing: { ...session!.pairing!, code: 'ABCD1234' } })
  expect(await connecting).toMatchObject({ status: 200, body: { code: 'ABCD1234' } })
})

test('document 2: connect on a linked session is 409', async () => {
  await api.createSession(defaultSession)
  await api.store.sessions.update(defaultSession, { linked: true, status: 'connected' })
  expect(await api.call('POST', '/whatsapp/session/connect')).toMatchObject({
    status: 409,
    body: { code: 'session.already_linked' },
  })
  expect((await api.call('GET', '/whatsapp/session/status')).body).toEqual({ status: 'open' })
})

test('document 2: a session that was never connected is closed', async () => {
  expect((await api.call('GET', '/whatsapp/session/status')).body).toEqual({ status: 'closed' })
})

test.each<[SessionStatus, boolean, string]>([
  ['connected', true, 'open'],
  ['qr_ready', false, 'qr-ready'],
  ['pending', false, 'connecting'],
  ['pairing', false, 'connecting'],
  ['connecting', true, 'connecting'],
  ['disconnected', true, 'connecting'],
  ['disconnected', false, 'closed'],
  ['error', true, 'closed'],
  ['inactive', false, 'closed'],
])('document 2: %s (linked: %s) is called %s', (status, linked, word) => {
  expect(toCompatStatus({ status, linked, wanted: 'linked' })).toBe(word)
})

test('document 2: disconnect logs out', async () => {
  await api.createSession(defaultSession)
  expect((await api.call('POST', '/whatsapp/session/disconnect')).status).toBe(200)
  expect(await api.store.sessions.read(defaultSession)).toMatchObject({ wanted: 'logged_out' })
})

test('document 2: a text is sent, a bad one is refused with its path', async () => {
  await api.createSession(defaultSession)
  const sent = await api.call('POST', '/whatsapp/message/send/text', { body: { to: '5491155550000', text: 'hi' } })
  expect(sent).toMatchObject({ status: 202, body: { messageId: expect.any(String), status: 'queued' } })
  const bad = await api.call('POST', '/whatsapp/message/send/text', { body: { to: '12', text: 'hi' } })
  expect([bad.status, bad.body.errors[0].path]).toEqual([422, 'to'])
  const missing = await api.call('POST', '/whatsapp/message/send/text', { body: { to: '5491155550000' } })
  expect([missing.status, missing.body.errors[0].path]).toEqual([422, 'text'])
})

test('document 2: a file at an address becomes an order; one inside our network is refused', async () => {
  await api.createSession(defaultSession)
  const send = (mediaUrl: string) =>
    api.call('POST', '/whatsapp/message/send/media', {
      body: { to: '5491155550000', caption: '', mediaUrl, mediaType: 'image' },
    })
  const taken = await send('https://example.com/a.jpg')
  expect(taken.status).toBe(202)
  const command = await api.store.commands.read(taken.body.commandId)
  expect(command?.payload).toMatchObject({ content: { type: 'image', media: { url: 'https://example.com/a.jpg' } } })
  const refused = await send('http://169.254.169.254/latest/meta-data')
  expect([refused.status, refused.body.code]).toEqual([422, 'media.url_forbidden'])
})

test('document 2: chats by activity, messages of one by time', async () => {
  await api.createSession(defaultSession)
  for (const [n, at] of [
    [1, 1],
    [2, 3],
    [3, 2],
  ] as const) {
    const chatId = `549115555000${n}@s.whatsapp.net`
    await api.store.chats.resolveOrCreate(defaultSession, [chatId], new Date(at))
    await api.store.chats.touch(defaultSession, chatId, {
      lastMessage: { messageId: `M${n}`, text: `text ${n}`, type: 'text', fromMe: false, at: new Date(at) },
    })
  }
  await api.store.chats.describe(defaultSession, '5491155550001@s.whatsapp.net', {
    pinned: 1,
    name: 'Ana',
    unreadCount: 2,
  })
  const chats = await api.call('GET', '/whatsapp/chats')
  expect(chats.body.map((chat: any) => chat.lastMessage)).toEqual(['text 2', 'text 3', 'text 1'])
  expect(chats.body[2]).toEqual({
    jid: '5491155550001@s.whatsapp.net',
    name: 'Ana',
    unreadCount: 2,
    lastMessage: 'text 1',
  })

  const chatId = '5491155550001@s.whatsapp.net'
  await api.store.messages.insert(
    [1, 2].map((n) => ({
      _id: toMessageKey(defaultSession, chatId, chatId, `M${n}`),
      sessionId: defaultSession,
      chatId,
      messageId: `M${n}`,
      sender: chatId,
      fromMe: false,
      type: 'text',
      text: `text ${n}`,
      timestamp: new Date(Date.UTC(2026, 4, n)),
      statusTimes: {},
      reactions: [],
      createdAt: new Date(),
    })),
  )
  const messages = await api.call('GET', `/whatsapp/messages/${chatId}?limit=1&before=2026-05-02T00:00:00Z`)
  expect(messages.body).toEqual([
    { jid: chatId, fromMe: false, type: 'text', content: 'text 1', timestamp: '2026-05-01T00:00:00.000Z' },
  ])
})

test('every compatibility route is guarded', async () => {
  for (const [method, path] of [
    ['POST', '/generate-qr'],
    ['GET', '/qr/x'],
    ['GET', '/contacts/x'],
    ['POST', '/whatsapp/session/connect'],
    ['GET', '/whatsapp/session/status'],
    ['POST', '/whatsapp/session/disconnect'],
    ['POST', '/whatsapp/message/send/text'],
    ['POST', '/whatsapp/message/send/media'],
    ['GET', '/whatsapp/chats'],
    ['GET', '/whatsapp/messages/x'],
  ] as const)
    expect((await api.call(method, path, { key: null })).body.code).toBe('auth.missing')
})

test('document 2: the content of a message with a file is the address of the file', async () => {
  const chatId = '5491155550009@s.whatsapp.net'
  await api.createSession(defaultSession).catch(() => undefined)
  await api.store.chats.resolveOrCreate(defaultSession, [chatId], new Date())
  const source = (async function* () {
    yield Buffer.from('bytes')
  })()
  const file = await api.store.media.write(source, { owner: { sessionId: defaultSession }, maxBytes: 100 })
  const row = (messageId: string, media: object) => ({
    _id: `${defaultSession}/${chatId}/${chatId}/${messageId}`,
    sessionId: defaultSession,
    chatId,
    messageId,
    sender: chatId,
    fromMe: false,
    type: 'image',
    text: 'look',
    media: { kind: 'image' as const, state: 'remote' as const, ...media },
    timestamp: new Date(),
    statusTimes: {},
    reactions: [],
    createdAt: new Date(),
  })
  await api.store.messages.insert([row('A', {}), row('B', { state: 'stored', fileId: file._id })])
  const list = await api.call('GET', '/whatsapp/messages/5491155550009')
  const contents = (list.body as { content: string }[]).map(({ content }) => content).sort()
  expect(contents).toEqual([
    expect.stringMatching(/\/v1\/media\/med_.*signature=/),
    expect.stringMatching(/\/messages\/A\/media$/),
  ])
  const { pathname, search } = new URL(contents[0] ?? '')
  expect((await api.call('GET', pathname + search, { key: null })).text).toBe('bytes')
})
