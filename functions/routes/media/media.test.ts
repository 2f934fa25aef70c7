// Files over the API: whose they are, what is refused, and how they are served.
import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../scripts/testing/api.ts'

let api: TestApi
let nowMs = Date.now()
beforeAll(async () => {
  api = await openTestApi({ env: { MEDIA_MAX_MB: '1' }, now: () => nowMs })
  await api.createSession('s')
})
afterAll(() => api.close())

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

async function send(
  body: string | Uint8Array<ArrayBuffer>,
  type: string,
  { path = '/v1/media', key = api.adminKey } = {},
) {
  const headers = { authorization: `Bearer ${key}`, ...(type === '' ? {} : { 'content-type': type }) }
  const response = await api.app.request(path, { method: 'POST', headers, body })
  return { status: response.status, body: (await response.json()) as Record<string, any> }
}
const bytesOf = (bytes: Uint8Array) => Uint8Array.from(bytes)
const upload = async (bytes: Uint8Array, type = 'application/octet-stream', path = '/v1/media') =>
  (await send(bytesOf(bytes), type, { path })).body as { fileId: string; mimetype: string; size: number }

async function get(
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
  key: string | null = api.adminKey,
) {
  const response = await api.app.request(path, {
    method,
    headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...headers },
  })
  return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) }
}

test('a file goes in raw or as a form, and comes out as it went in', async () => {
  const bytes = randomBytes(600_000)
  const raw = await upload(bytes)
  expect(raw).toMatchObject({ size: 600_000, mimetype: 'application/octet-stream' })
  expect((await get(`/v1/media/${raw.fileId}`)).bytes.equals(bytes)).toBe(true)
  const form = new FormData()
  form.append('note', 'x')
  form.append('file', new Blob([bytesOf(bytes)], { type: 'application/pdf' }), 'año.pdf')
  const response = await api.app.request('/v1/media', {
    method: 'POST',
    headers: { authorization: `Bearer ${api.adminKey}` },
    body: form,
  })
  expect(response.status).toBe(201)
  const file = (await response.json()) as { fileId: string; sha256: string; fileName: string; mimetype: string }
  expect(file).toMatchObject({ fileName: 'año.pdf', mimetype: 'application/pdf' })
  expect(file.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
  expect((await get(`/v1/media/${file.fileId}`)).bytes.equals(bytes)).toBe(true)
})

test('the type is what the bytes say, and a giver cannot make it a picture', async () => {
  expect(await upload(png, 'text/html')).toMatchObject({ mimetype: 'image/png' })
  expect(await upload(Buffer.from('no picture'), 'image/png')).toMatchObject({ mimetype: 'application/octet-stream' })
})

test('what is empty, too large or no form is refused, and nothing of it is kept', async () => {
  const count = () => api.store.media.removeAbandoned(new Date(Date.now() + 1e6), 1)
  const form = (text: string) => send(text, 'multipart/form-data; boundary=x')
  const two = '--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\nA\r\n'
  for (const [answer, status, code] of [
    [await send('', ''), 422, 'media.empty'],
    [await send(bytesOf(randomBytes(1_048_577)), 'application/octet-stream'), 413, 'media.too_large'],
    [await send('x', 'multipart/form-data'), 400, 'request.malformed'],
    [await form('--x--\r\n'), 422, 'request.invalid'],
    [await form(two), 400, 'request.malformed'],
    [await form(`${two}${two}--x--\r\n`), 422, 'request.invalid'],
  ] as const) {
    expect([answer.status, answer.body['code']]).toEqual([status, code])
  }
  expect(await count()).toBe(0)
})

test('an upload that breaks off leaves nothing behind, raw or as a form', async () => {
  const drafts = () => api.store.media.removeAbandoned(new Date(Date.now() + 1e6), 10)
  const head = '--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n'
  for (const [type, first] of [
    ['application/octet-stream', ''],
    ['multipart/form-data; boundary=x', head],
  ] as const) {
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1
        if (sent === 1) controller.enqueue(new TextEncoder().encode(first + 'x'))
        else if (sent < 10) controller.enqueue(new Uint8Array(50_000))
        else controller.error(new Error('the caller has gone'))
      },
    })
    const response = await api.app.request('/v1/media', {
      method: 'POST',
      headers: { authorization: `Bearer ${api.adminKey}`, 'content-type': type },
      body,
      duplex: 'half',
    })
    expect(response.status, type).toBe(400)
    expect(await drafts(), type).toBe(0)
  }
})

test('a form that is too large is refused before it is read to its end', async () => {
  const form = new FormData()
  form.append('file', new Blob([new Uint8Array(3_000_000)]), 'a')
  const response = await api.app.request('/v1/media', {
    method: 'POST',
    headers: { authorization: `Bearer ${api.adminKey}` },
    body: form,
  })
  expect(response.status).toBe(413)
})

test('a file of another owner is not there', async () => {
  const { fileId } = await upload(png)
  const { key } = await api.createKey({ scopes: ['messages.*'] })
  const own = await send(bytesOf(png), 'image/png', { key })
  expect(own.status).toBe(201)
  for (const method of ['GET', 'DELETE'])
    expect((await get(`/v1/media/${fileId}`, {}, method, key)).status, method).toBe(404)
  const sent = await api.call('POST', '/v1/sessions/s/messages', {
    key,
    body: { to: '5491155550000', type: 'image', media: { fileId } },
  })
  expect([sent.status, sent.body.code]).toEqual([404, 'media.not_found'])
  const { key: elsewhere } = await api.createKey({ scopes: ['*'], sessions: ['other'] })
  const ofSession = await api.store.media.write(
    (async function* () {
      yield png
    })(),
    { owner: { sessionId: 's' }, maxBytes: 1_000 },
  )
  expect((await get(`/v1/media/${ofSession._id}`, {}, 'GET', elsewhere)).status).toBe(404)
  expect((await get(`/v1/media/${ofSession._id}`, {}, 'GET', key)).status).toBe(200)
  expect((await get(`/v1/media/${own.body['fileId']}`, {}, 'DELETE', key)).status).toBe(204)
  expect((await get(`/v1/media/${own.body['fileId']}`, {}, 'GET', key)).status).toBe(404)
})

test('ranges, conditions and HEAD as RFC 9110 has them', async () => {
  const bytes = randomBytes(300_000)
  const path = `/v1/media/${(await upload(bytes)).fileId}`
  const whole = await get(path)
  const etag = whole.headers.get('etag') ?? ''
  expect([whole.status, whole.headers.get('content-length'), whole.headers.get('accept-ranges')]).toEqual([
    200,
    '300000',
    'bytes',
  ])
  for (const [range, start, end] of [
    ['bytes=0-0', 0, 1],
    ['bytes=261000-262000', 261_000, 262_001],
    ['bytes=299999-', 299_999, 300_000],
    ['bytes=-5', 299_995, 300_000],
    ['bytes=10-9999999', 10, 300_000],
  ] as const) {
    const part = await get(path, { range })
    expect([part.status, part.headers.get('content-range')], range).toEqual([206, `bytes ${start}-${end - 1}/300000`])
    expect(part.bytes.equals(bytes.subarray(start, end)), range).toBe(true)
  }
  for (const range of ['bytes=300000-', 'bytes=-0']) {
    const none = await get(path, { range })
    expect([none.status, none.headers.get('content-range'), JSON.parse(none.bytes.toString()).code], range).toEqual([
      416,
      'bytes */300000',
      'media.range',
    ])
  }
  for (const range of ['bytes=5-1', 'bytes=0-1,5-6', 'lines=1-2', 'bytes=', 'bytes=a-b'])
    expect((await get(path, { range })).status, range).toBe(200)
  expect((await get(path, { 'if-none-match': `W/"x", ${etag}` })).status).toBe(304)
  expect((await get(path, { range: 'bytes=0-1', 'if-range': '"other"' })).status).toBe(200)
  const head = await get(path, {}, 'HEAD')
  expect([head.status, head.headers.get('content-length'), head.bytes.length]).toEqual([200, '300000', 0])
})

test('no browser runs a file, and its name deceives nobody', async () => {
  for (const [bytes, type] of [
    ['<html><script>alert(1)</script>', 'text/html'],
    ['<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', 'image/svg+xml'],
    ['alert(1)', 'text/javascript'],
    ['<?xml version="1.0"?><x/>', 'application/xhtml+xml'],
  ] as const) {
    const { fileId } = await upload(Buffer.from(bytes), type)
    const { headers } = await get(`/v1/media/${fileId}`)
    expect(headers.get('content-type'), type).toBe('application/octet-stream')
    expect(headers.get('content-disposition'), type).toMatch(/^attachment/)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toContain('sandbox')
  }
  const name = encodeURIComponent('../a"b\r\nX: y\u202Egpj.exe')
  const { fileId } = await upload(png, 'image/png', `/v1/media?fileName=${name}`)
  const { headers } = await get(`/v1/media/${fileId}`)
  expect(headers.get('content-disposition')).toBe(
    `inline; filename="_a_bX_ ygpj.exe"; filename*=UTF-8''_a_bX_%20ygpj.exe`,
  )
})

test('a link shows one file until its time, to whoever has it', async () => {
  const { fileId } = await upload(png)
  const other = await upload(png)
  const made = await api.call('POST', `/v1/media/${fileId}/link`, { body: { expiresInSeconds: 60 } })
  expect(made.status).toBe(201)
  const { pathname, search } = new URL(made.body.url as string)
  const open = (path: string) => get(path, {}, 'GET', null)
  expect((await open(pathname + search)).bytes.equals(png)).toBe(true)
  expect((await open(`/v1/media/${other.fileId}${search}`)).status).toBe(401)
  expect((await open(pathname + search.replace(/expires=\d+/, 'expires=9999999999'))).status).toBe(401)
  expect((await open(`${pathname}?signature=x`)).status).toBe(401)
  expect((await open(`${pathname}/thumbnail${search}`)).status).toBe(401)
  nowMs += 61_000
  expect((await open(pathname + search)).status).toBe(401)
})

test('a message with a wrong file is refused, and nothing of it is kept', async () => {
  const text = (await upload(Buffer.from('just words'), 'text/plain')).fileId
  const base64 = Buffer.from('just words').toString('base64')
  const count = () => api.store.media.removeSome('s', 1)
  while ((await count()) > 0);
  for (const [body, status, code] of [
    [{ type: 'image', media: { fileId: text } }, 422, 'media.unsupported'],
    [{ type: 'image', media: { base64 } }, 422, 'media.unsupported'],
    [{ type: 'image', media: { base64: '' } }, 422, 'media.empty'],
    [{ type: 'image', media: { base64: 'data:image/png;base64,AAAA' } }, 422, 'request.invalid'],
    [{ type: 'image', media: {} }, 422, 'request.invalid'],
    [{ type: 'image', media: { fileId: text, url: 'https://example.com/a' } }, 422, 'request.invalid'],
    [{ type: 'image', media: { fileId: 'med_../../../../etc/passwd' } }, 422, 'request.invalid'],
    [{ type: 'image', media: { fileId: `med_${'a'.repeat(22)}` } }, 404, 'media.not_found'],
    [{ type: 'image', media: { url: 'file:///etc/passwd' } }, 422, 'media.url_forbidden'],
    [{ type: 'document', media: { base64: Buffer.alloc(1_048_577).toString('base64') } }, 413, 'media.too_large'],
    [{ type: 'document', media: { base64: Buffer.alloc(6_000_000).toString('base64') } }, 413, 'media.too_large'],
    [{ type: 'audio', media: { fileId: text }, caption: 'no' }, 422, 'request.invalid'],
  ] as const) {
    const answer = await api.call('POST', '/v1/sessions/s/messages', { body: { to: '5491155550000', ...body } })
    expect([answer.status, answer.body.code], JSON.stringify(body).slice(0, 100)).toEqual([status, code])
  }
  expect(await count()).toBe(0)
  expect(await api.store.commands.countQueued('s', 10)).toBe(0)
})

test('the same idempotency key stores a file once', async () => {
  const headers = { 'Idempotency-Key': 'once' }
  const body = { to: '5491155550000', type: 'image', media: { base64: png.toString('base64') } }
  const first = await api.call('POST', '/v1/sessions/s/messages', { body, headers })
  const second = await api.call('POST', '/v1/sessions/s/messages', { body, headers })
  expect(second.body).toEqual(first.body)
  const other = await api.call('POST', '/v1/sessions/s/messages', { body: { ...body, to: '5491155550001' }, headers })
  expect(other.body.code).toBe('idempotency.conflict')
  expect(await api.store.media.removeSome('s', 10)).toBe(1)
})

test('a message without a file says so', async () => {
  const sent = await api.call('POST', '/v1/sessions/s/messages', {
    body: { to: '5491155550000', type: 'text', text: 'x' },
  })
  const answer = await api.call('GET', `/v1/sessions/s/messages/${sent.body.messageId}/media`)
  expect([answer.status, answer.body.code]).toEqual([404, 'media.none'])
})
