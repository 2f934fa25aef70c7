// A file at an address that a caller named: what is inside stays inside, however the address is written.
import { createServer, type RequestListener, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { MockAgent } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toOwnFileId } from '../../../shared/store/media.ts'
import { openTestStore, type TestStore } from '../../../scripts/testing/mongo.ts'
import { openOutside, type Outside } from '../../outside/open-outside.ts'
import type { RecordContext } from '../record/context.ts'
import { fetchFromAddress } from './fetch-from-address.ts'

let opened: TestStore
let server: Server
let called = 0
let serve: RequestListener = (_request, response) => response.end()
const closed: Outside[] = []
beforeAll(async () => {
  opened = await openTestStore()
  server = createServer((request, response) => {
    called += 1
    serve(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  for (const one of closed) await one.close()
  await opened.close()
})

const port = () => (server.address() as AddressInfo).port
const within = (options: Parameters<typeof openOutside>[0]) => {
  const outside = openOutside(options)
  closed.push(outside)
  return outside
}
function get(url: string, outside: Pick<Outside, 'vet' | 'dispatcher'>, maxBytes = 100_000, fileName?: string) {
  const fileId = toOwnFileId('s', url)
  const record = { sessionId: 's', store: opened.store } as RecordContext
  const signal = new AbortController().signal
  const media = { url, ...(fileName === undefined ? {} : { fileName }) }
  return fetchFromAddress({ record, outside, fileId, maxBytes, signal }, media)
}
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'fetched',
    (error: unknown) => (error as { code?: string }).code,
  )

const forbidden = [
  'https://127.0.0.1/',
  'https://127.1/',
  'https://2130706433/',
  'https://017700000001/',
  'https://0x7f000001/',
  'https://0x7f.0.0.1/',
  'https://[::1]/',
  'https://[::]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::127.0.0.1]/',
  'https://[2002:7f00:1::]/',
  'https://[64:ff9b::7f00:1]/',
  'https://[fe80::1]/',
  'https://[fd00::1]/',
  'https://[ff02::1]/',
  'https://0.0.0.0/',
  'https://0/',
  'https://169.254.169.254/latest/meta-data/',
  'https://169.254.169.254./',
  'https://168.63.129.16/',
  'https://10.0.0.1/',
  'https://172.16.0.1/',
  'https://192.168.1.1/',
  'https://100.64.0.1/',
  'https://224.0.0.1/',
  'https://localhost/',
  'https://localhost./',
  'https://LOCALHOST/',
  'https://a.localhost/',
  'https://metadata.google.internal/',
  'https://intranet/',
  'https://user@example.com/',
  'https://user:secret@127.0.0.1/',
  'https://１２７.０.０.１/',
  'https://①②⑦.⓪.⓪.①/',
  'http://example.com/',
  'file:///etc/passwd',
  'gopher://127.0.0.1/_x',
  'ftp://127.0.0.1/x',
  'data:text/plain,x',
  'javascript:alert(1)',
  'blob:https://example.com/x',
  '//127.0.0.1/',
  '/etc/passwd',
  'https://',
]

test('no form of a forbidden address is called', async () => {
  const outside = within({ allowPrivate: false })
  const before = called
  for (const form of forbidden) expect([form, await codeOf(get(form, outside))]).toEqual([form, 'media.url_forbidden'])
  expect(called).toBe(before)
})

test('a name that leads inside is not called, also when it led outside a moment ago', async () => {
  let lookups = 0
  const outside = within({
    allowPrivate: false,
    resolve: (_name, callback) =>
      callback(null, [{ address: (lookups += 1) > 9 ? '8.8.8.8' : '127.0.0.1', family: 4 }]),
  })
  const before = called
  expect(await codeOf(get(`https://rebind.example:${port()}/`, outside))).toBe('media.url_forbidden')
  expect([lookups, called]).toEqual([1, before])
})

test('no redirect leads inside, and none goes round for ever', async () => {
  const mocked = new MockAgent()
  mocked.disableNetConnect()
  const real = within({ allowPrivate: false })
  const outside = { vet: (url: string) => real.vet(url), dispatcher: mocked as unknown as Outside['dispatcher'] }
  const pool = mocked.get('https://public.example')
  for (const [i, target] of forbidden.entries()) {
    if (!URL.canParse(target)) continue
    pool.intercept({ path: `/${i}` }).reply(302, '', { headers: { location: new URL(target).href } })
    const code = await codeOf(get(`https://public.example/${i}`, outside))
    expect([target, code]).toEqual([target, 'media.url_forbidden'])
  }
  pool
    .intercept({ path: '/round' })
    .reply(302, '', { headers: { location: '/round' } })
    .times(50)
  expect(await codeOf(get('https://public.example/round', outside))).toBe('media.unreachable')
  pool.intercept({ path: '/a' }).reply(307, '', { headers: { location: '/b?x=1#part' } })
  pool.intercept({ path: '/b?x=1' }).reply(200, 'found')
  const file = await get('https://public.example/a', outside)
  expect((await buffer(opened.store.media.open(file._id))).toString()).toBe('found')
  await mocked.close()
})

test('what the address answers decides: a file with its name and type, or a code that says why not', async () => {
  const outside = within({ allowPrivate: true })
  const at = (path: string) => `http://127.0.0.1:${port()}${path}`
  serve = (_request, response) => {
    response.setHeader('content-type', 'text/csv')
    response.end('a,b')
  }
  expect(await get(at('/r%C3%A9sum%C3%A9.csv?x=1'), outside)).toMatchObject({
    sessionId: 's',
    fileName: 'résumé.csv',
    mimetype: 'text/csv',
    size: 3,
  })
  serve = (_request, response) => response.writeHead(404).end('x'.repeat(70_000))
  expect(await codeOf(get(at('/none'), outside))).toBe('media.not_found')
  serve = (_request, response) => response.writeHead(500).end()
  expect(await codeOf(get(at('/broken'), outside))).toBe('media.unreachable')
  serve = (_request, response) => response.end()
  expect(await codeOf(get(at('/empty'), outside))).toBe('media.empty')
  serve = (_request, response) => response.end(Buffer.alloc(200_000))
  expect(await codeOf(get(at('/told'), outside))).toBe('media.too_large')
  serve = (_request, response) => {
    for (let i = 0; i < 20; i += 1) response.write(Buffer.alloc(10_000))
    response.end()
  }
  expect(await codeOf(get(at('/untold'), outside))).toBe('media.too_large')
  serve = (_request, response) => {
    response.writeHead(200, { 'content-length': '1000' })
    response.write('half')
    response.destroy()
  }
  expect(await codeOf(get(at('/half'), outside))).toBe('media.unreachable')
  expect(await codeOf(get('http://127.0.0.1:1/', outside))).toBe('media.unreachable')
  await expect(get('http://nobody.invalid/', outside)).rejects.toThrow('The name of the address is not known')
  await expect(get('http://127.0.0.1:1/', outside)).rejects.toThrow('The connection to the address failed')
  expect(await opened.store.media.removeAbandoned(new Date(Date.now() + 1e6), 10)).toBe(0)
})
