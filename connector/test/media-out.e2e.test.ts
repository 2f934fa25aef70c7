// Files that we send: uploaded over the API or fetched from an address, on the phone as they were, once at WhatsApp.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { crc32, deflateSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import sharp from 'sharp'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let api: TestApi
let ana: Phone
let beto: Phone
let jpeg: Buffer
beforeAll(async () => {
  world = await openWorld({ connectorEnv: { ALLOW_PRIVATE_ADDRESSES: 'on' } })
  api = await openTestApi({ on: world, env: { ALLOW_PRIVATE_ADDRESSES: 'on' } })
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  jpeg = await sharp({ create: { width: 600, height: 300, channels: 3, background: '#a07' } })
    .jpeg()
    .toBuffer()
  await world.startConnector()
  await world.link('s', ana)
})
afterAll(async () => {
  await api?.close()
  await world.close()
})

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

async function upload(bytes: Uint8Array, type: string, name = ''): Promise<string> {
  const response = await api.app.request(`/v1/media${name}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${api.adminKey}`, 'content-type': type },
    body: Uint8Array.from(bytes),
  })
  const answer = (await response.json()) as { fileId: string }
  expect(response.status, JSON.stringify(answer)).toBe(201)
  return answer.fileId
}

/** Sent over the API; what Beto's phone has decrypted. */
async function goes(body: object) {
  const answer = await api.call('POST', '/v1/sessions/s/messages', { body: { to: beto.phone, ...body } })
  expect(answer.status, answer.text).toBe(202)
  const { messageId } = answer.body as { messageId: string }
  const sent = await world.untilEvent('message.sent', (event) => event.data['messageId'] === messageId)
  const { data } = await world.door('GET', `/phones/${beto.phone}/messages?messageId=${messageId}&atLeast=1&wait=60`)
  const [arrived] = data as { kind: string; text: string; details: { media: Record<string, unknown> } }[]
  return { messageId, sent: sent.data, arrived, media: arrived?.details.media }
}

test('a picture arrives as it was, with its caption and a preview, and is uploaded to WhatsApp once', async () => {
  const fileId = await upload(jpeg, 'application/octet-stream')
  const first = await goes({ type: 'image', media: { fileId }, caption: 'look' })
  expect(first.arrived).toMatchObject({ kind: 'image', text: 'look' })
  expect(first.media).toMatchObject({ mimetype: 'image/jpeg', sha256: sha256(jpeg), width: 600, height: 300 })
  expect(first.media?.['statedSha256']).toBe(sha256(jpeg))
  expect(Number(first.media?.['thumbnailBytes'])).toBeGreaterThan(100)
  expect(first.sent).toMatchObject({ type: 'image', text: 'look', media: { state: 'stored', fileId, width: 600 } })
  const before = await world.door('GET', '/media')
  await goes({ type: 'image', media: { fileId } })
  await goes({ type: 'document', media: { fileId } })
  const after = await world.door('GET', '/media')
  expect(Number(after['uploads']) - Number(before['uploads']), 'the document is another kind').toBe(1)
  const thumbnail = await api.call('GET', `/v1/media/${fileId}/thumbnail`)
  expect([thumbnail.status, thumbnail.headers.get('content-type')]).toEqual([200, 'image/jpeg'])
})

test('every kind arrives with its name and its flags', async () => {
  const webp = await sharp(jpeg).resize(512, 512).webp().toBuffer()
  const sticker = await goes({ type: 'sticker', media: { base64: webp.toString('base64') } })
  expect(sticker).toMatchObject({ arrived: { kind: 'sticker' }, media: { mimetype: 'image/webp', width: 512 } })
  const bytes = Buffer.from('%PDF-1.4 nothing')
  const pdf = await upload(bytes, 'application/pdf', '?fileName=r%C3%A9sum%C3%A9.pdf')
  const document = await goes({ type: 'document', media: { fileId: pdf }, caption: 'mine' })
  expect(document).toMatchObject({
    arrived: { kind: 'document', text: 'mine' },
    media: { fileName: 'résumé.pdf', mimetype: 'application/pdf', sha256: sha256(bytes) },
  })
  const once = await goes({ type: 'image', media: { base64: jpeg.toString('base64') }, viewOnce: true })
  expect(once.media).toMatchObject({ viewOnce: true })
  const mp4 = Buffer.from('000000186674797069736f6d0000000069736f6d6d703432', 'hex')
  const film = await upload(Buffer.concat([mp4, Buffer.alloc(1_000)]), 'video/mp4')
  const gif = await goes({ type: 'video', media: { fileId: film }, caption: 'ha', gif: true })
  expect(gif).toMatchObject({ arrived: { kind: 'video', text: 'ha' }, media: { mimetype: 'video/mp4', gif: true } })
  expect(gif.sent['media']).toMatchObject({ kind: 'video', isGif: true })
  const round = await goes({ type: 'video', media: { fileId: film }, videoNote: true })
  expect(round).toMatchObject({ arrived: { kind: 'video' }, media: { videoNote: true, gif: false } })
})

test('an upload that takes its time is done once, keeps its place, and holds up no other chat', async () => {
  const eva = await world.phone('Eva')
  const bytes = await sharp(jpeg).rotate(90).jpeg().toBuffer()
  const fileId = await upload(bytes, 'image/jpeg')
  const before = Number((await world.door('GET', '/media'))['uploads'])
  await world.door('POST', '/media/uploads', { hold: true })
  const picture = await api.call('POST', '/v1/sessions/s/messages', {
    body: { to: beto.phone, type: 'image', media: { fileId }, caption: 'first' },
  })
  const after = await world.post('s', beto, 'second')
  const elsewhere = await world.post('s', eva, 'meanwhile')
  await world.untilEvent('message.sent', (event) => event.data['messageId'] === elsewhere)
  expect(world.of('message.sent').some((event) => event.data['messageId'] === after)).toBe(false)
  await world.door('POST', '/media/uploads', { hold: false })
  await world.untilEvent('message.sent', (event) => event.data['messageId'] === after)
  // The phone has it a moment after WhatsApp has taken it.
  await world.untilEvent('message.delivered', (event) => event.data['messageId'] === after)
  const inbox = (await world.inbox(beto)).filter(({ messageId }) => [picture.body.messageId, after].includes(messageId))
  expect(inbox.map(({ text, deliveries }) => [text, deliveries])).toEqual([
    ['first', 1],
    ['second', 1],
  ])
  expect(Number((await world.door('GET', '/media'))['uploads']) - before).toBe(1)
  // What ends a command is written after the wire is done with it.
  await expect
    .poll(() => world.store.commands.read(String(picture.body.commandId)))
    .toMatchObject({ state: 'done', attempts: 1 })
})

test('a file at an address is fetched by the connector; what is no picture fails with its code', async () => {
  const site = createServer((request, response) => {
    if (request.url === '/moved') return void response.writeHead(302, { location: '/picture.jpg' }).end()
    response.end(request.url === '/picture.jpg' ? jpeg : 'no picture')
  }).listen(0, '127.0.0.1')
  await once(site, 'listening')
  const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  const sent = await goes({ type: 'image', media: { url: `${url}/moved` }, caption: 'from afar' })
  expect(sent).toMatchObject({
    arrived: { text: 'from afar' },
    media: { sha256: sha256(jpeg), mimetype: 'image/jpeg' },
  })
  expect(sent.sent['media']).toMatchObject({ state: 'stored', fileName: 'picture.jpg', size: jpeg.length })
  const wrong = await api.call('POST', '/v1/sessions/s/messages?wait=30', {
    body: { to: beto.phone, type: 'image', media: { url: `${url}/words` } },
  })
  expect([wrong.status, wrong.body.code]).toEqual([422, 'media.unsupported'])
  const next = await world.post('s', beto, 'the chat goes on')
  await world.untilEvent('message.sent', (event) => event.data['messageId'] === next)
  site.close()
})

test('a picture of a few kilobytes and 400 megapixels is not opened and does not go out', async () => {
  const png = bomb(20_000, 20_000)
  const answer = await api.call('POST', '/v1/sessions/s/messages?wait=30', {
    body: { to: beto.phone, type: 'image', media: { base64: png.toString('base64') } },
  })
  expect([answer.status, answer.body.code]).toEqual([422, 'media.unsupported'])
})

/** One colour, whole and valid: it unpacks to a thousand times its length. */
function bomb(width: number, height: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([1, 0, 0, 0, 0], 8)
  const packed = deflateSync(Buffer.alloc((1 + Math.ceil(width / 8)) * height))
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const length = Buffer.alloc(4)
    length.writeUInt32BE(data.length)
    const sum = Buffer.alloc(4)
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, sum])
  }
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', packed), chunk('IEND', Buffer.alloc(0))])
}

test('a WAV goes out as a voice note, with its length and its waveform; what cannot be turned is refused', async () => {
  const rate = 16_000
  const wav = Buffer.alloc(44 + 3 * rate * 2)
  wav.write('RIFF', 0)
  wav.writeUInt32LE(wav.length - 8, 4)
  wav.write('WAVEfmt ', 8)
  wav.writeUInt32LE(16, 16)
  wav.writeUInt16LE(1, 20)
  wav.writeUInt16LE(1, 22)
  wav.writeUInt32LE(rate, 24)
  wav.writeUInt32LE(rate * 2, 28)
  wav.writeUInt16LE(2, 32)
  wav.writeUInt16LE(16, 34)
  wav.write('data', 36)
  wav.writeUInt32LE(wav.length - 44, 40)
  for (let i = 0; i < 3 * rate; i += 1) wav.writeInt16LE(Math.round(9_000 * Math.sin(i / 6)), 44 + i * 2)
  const fileId = await upload(wav, 'audio/wav')
  const sent = await goes({ type: 'voice', media: { fileId } })
  expect(sent).toMatchObject({ arrived: { kind: 'voice' }, media: { mimetype: 'audio/ogg; codecs=opus', seconds: 3 } })
  expect(sent.media?.['waveform']).toHaveLength(64)
  expect(sent.media?.['broken']).toBeUndefined()
  const sound = await goes({ type: 'audio', media: { fileId } })
  expect(sound).toMatchObject({ arrived: { kind: 'audio' }, media: { sha256: sha256(wav), seconds: 3 } })
  const flac = Buffer.concat([Buffer.from('fLaC'), Buffer.alloc(500)])
  const refused = await api.call('POST', '/v1/sessions/s/messages?wait=30', {
    body: { to: beto.phone, type: 'voice', media: { base64: flac.toString('base64') } },
  })
  expect([refused.status, refused.body.code]).toEqual([422, 'media.unsupported'])
})
