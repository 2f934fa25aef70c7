// Files whose length is not what was said of it, and files of no length: what is kept is what is there, and never more than
// was to be fetched.
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import sharp from 'sharp'
import type { Message } from '../../shared/model/message.ts'
import { toMessageFileId } from '../../shared/store/media.ts'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let api: TestApi
let ana: Phone
let beto: Phone
const maxBytes = 500_000
beforeAll(async () => {
  world = await openWorld({ connectorEnv: { ALLOW_PRIVATE_ADDRESSES: 'on', MEDIA_MAX_MB: '1' } })
  api = await openTestApi({ on: world, env: { ALLOW_PRIVATE_ADDRESSES: 'on', MEDIA_MAX_MB: '1' } })
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  await world.startConnector()
  await world.link('s', ana, { downloadMedia: { kinds: ['document', 'image'], maxBytes } })
})
afterAll(async () => {
  await api?.close()
  await world.close()
})

async function comes(media: object): Promise<string> {
  const { messageId } = await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, media })
  await world.untilEvent('message.received', (event) => event.data['messageId'] === messageId)
  return String(messageId)
}
const ready = async (messageId: string) =>
  (await world.untilEvent('message.media_ready', (event) => event.data['messageId'] === messageId)).data['media']

/** Asked again until the row says so: no event is written for a file that cannot be fetched. */
async function failed(messageId: string): Promise<Message> {
  for (;;) {
    const [row] = await world.store.messages.find('s', messageId)
    if (row?.media?.state === 'failed') return row
    await new Promise((resolve) => setImmediate(resolve))
  }
}
async function fetchNow(messageId: string): Promise<[number, number | string]> {
  const headers = { authorization: `Bearer ${api.adminKey}` }
  const answer = await api.app.request(`/v1/sessions/s/messages/${messageId}/media`, { headers })
  if (answer.status !== 200) return [answer.status, ((await answer.json()) as { code: string }).code]
  return [answer.status, (await answer.arrayBuffer()).byteLength]
}

test('a file that is longer or shorter than its message says has the length that it has', async () => {
  const longer = await comes({ kind: 'document', size: 300_000, statedSize: 10 })
  expect(await ready(longer)).toMatchObject({ state: 'stored', size: 300_000 })
  expect(await fetchNow(longer)).toEqual([200, 300_000])
  const shorter = await comes({ kind: 'document', size: 1_000, statedSize: 400_000 })
  expect(await ready(shorter)).toMatchObject({ state: 'stored', size: 1_000 })
  expect(await fetchNow(shorter)).toEqual([200, 1_000])
})

test('what pretends to be small is fetched by itself no further than small files are, and on demand no further than any', async () => {
  const large = await comes({ kind: 'document', size: maxBytes + 1, statedSize: 10 })
  const row = await failed(large)
  expect(row.media?.error?.code).toBe('media.too_large')
  expect(await world.store.media.read(toMessageFileId(row._id))).toBeNull()
  expect(await fetchNow(large)).toEqual([200, maxBytes + 1])
  const larger = await comes({ kind: 'video', size: 1_048_577, statedSize: 10 })
  expect(await fetchNow(larger)).toEqual([413, 'media.too_large'])
  const smaller = await comes({ kind: 'document', size: 1_000, statedSize: 900_000 })
  expect(await fetchNow(smaller), 'not by itself, and on demand as it is').toEqual([200, 1_000])
})

test('a file without a byte is none, wherever it comes from', async () => {
  const empty = await comes({ kind: 'document', size: 0, fileName: 'nothing.txt' })
  expect((await failed(empty)).media?.error?.code).toBe('media.empty')
  expect(await fetchNow(empty)).toEqual([422, 'media.empty'])
  const headers = { authorization: `Bearer ${api.adminKey}`, 'content-type': 'text/plain' }
  const uploaded = await api.app.request('/v1/media', { method: 'POST', headers, body: new Uint8Array() })
  expect([uploaded.status, ((await uploaded.json()) as { code: string }).code]).toEqual([422, 'media.empty'])
  expect(await sends({ type: 'document', media: { base64: '' } })).toEqual([422, 'media.empty'])
  const site = await answering('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
  expect(await sends({ type: 'document', media: { url: site.url } })).toEqual([422, 'media.empty'])
  site.close()
})

async function sends(body: object): Promise<[number, string | undefined]> {
  const answer = await api.call('POST', '/v1/sessions/s/messages?wait=30', { body: { to: beto.phone, ...body } })
  return [answer.status, answer.body.code ?? answer.body.messageId]
}

/** Says that to whoever connects, and hangs up. */
async function answering(said: string): Promise<{ url: string; close: Server['close'] }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(said))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file.txt`
  return { url, close: server.close.bind(server) }
}

test('an address that says too much or too little of its length', async () => {
  const little = await answering(`HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfirst and more`)
  const [status, messageId] = await sends({ type: 'document', media: { url: little.url } })
  expect(status, messageId).toBe(201)
  const { body } = await api.call('GET', `/v1/sessions/s/messages/${messageId}`)
  expect(body.media, 'what its answer holds').toMatchObject({ size: 5, state: 'stored', fileName: 'file.txt' })
  const huge = await answering(`HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\nlittle`)
  expect(await sends({ type: 'document', media: { url: huge.url } })).toEqual([413, 'media.too_large'])
  const much = await answering(`HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nlittle`)
  expect(await sends({ type: 'document', media: { url: much.url } })).toEqual([502, 'media.unreachable'])
  for (const site of [little, huge, much]) site.close()
  const kept = await world.store.media.removeAbandoned(new Date(Date.now() + 1e6), 10)
  expect(kept, 'nothing half is left').toBe(0)
})

test('a sticker that is too large goes by no way', async () => {
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const
  const webp = await sharp({ create: { width: 900, height: 900, channels: 3, background: '#000', noise } })
    .webp({ lossless: true })
    .toBuffer()
  expect(webp.length).toBeGreaterThan(1_048_576)
  expect(await sends({ type: 'sticker', media: { base64: webp.toString('base64') } })).toEqual([413, 'media.too_large'])
  const small = await sharp({ create: { width: 900, height: 900, channels: 3, background: '#0a0' } })
    .png()
    .toBuffer()
  const [status, code] = await sends({ type: 'sticker', media: { base64: small.toString('base64') } })
  expect([status, code]).toEqual([422, 'media.unsupported'])
  expect(world.of('message.sent').some(({ data }) => data['type'] === 'sticker')).toBe(false)
})
