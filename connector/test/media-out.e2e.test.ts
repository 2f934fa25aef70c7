// Files that we send: uploaded over the API or fetched from an address, on the phone as they were, once at WhatsApp.
import { createHash } from 'node:crypto'
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
  world = await openWorld()
  api = await openTestApi({ on: world })
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  jpeg = await sharp({ create: { width: 600, height: 300, channels: 3, background: '#a07' } })
    .jpeg()
    .toBuffer()
  await world.startConnector()
  await world.link('s', ana)
}, 60_000)
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
  const { data } = await world.door('GET', `/phones/${beto.phone}/messages?messageId=${messageId}&atLeast=1&wait=20`)
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
})
