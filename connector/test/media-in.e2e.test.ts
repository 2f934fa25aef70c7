// Files that people send us: told at once, fetched and stored as the settings say, over the real wire.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import sharp from 'sharp'
import type { MessageMedia } from '../../shared/model/media.ts'
import type { StoredEvent } from '../../shared/model/event.ts'
import type { Message } from '../../shared/model/message.ts'
import { toMessageFileId } from '../../shared/store/media.ts'
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
  jpeg = await sharp({ create: { width: 640, height: 400, channels: 3, background: '#0a7' } })
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
const mediaOf = (event: StoredEvent) => event.data['media'] as MessageMedia

/** Beto's phone sends a file; what the feed says of it at once. */
async function comes(media: object): Promise<{ messageId: string; told: StoredEvent }> {
  const { messageId } = await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, media })
  const told = await world.untilEvent('message.received', (event) => event.data['messageId'] === messageId)
  return { messageId: String(messageId), told }
}
const ready = (messageId: string) =>
  world.untilEvent('message.media_ready', (event) => event.data['messageId'] === messageId)
const stored = async (media: MessageMedia) => buffer(world.store.media.open(media.fileId ?? ''))

test('a picture is told at once with its caption, and is stored as it was sent', async () => {
  const { messageId, told } = await comes({ kind: 'image', base64: jpeg.toString('base64'), caption: 'look' })
  expect(told.data).toMatchObject({
    type: 'image',
    text: 'look',
    media: { kind: 'image', mimetype: 'image/jpeg', size: jpeg.length, sha256: sha256(jpeg), state: 'remote' },
  })
  const media = mediaOf(await ready(messageId))
  expect(media).toMatchObject({ state: 'stored', width: 640, height: 400, sha256: sha256(jpeg) })
  expect(sha256(await stored(media))).toBe(sha256(jpeg))
  const file = await world.store.media.read(media.fileId ?? '')
  expect(file && world.store.media.thumbnailOf(file)?.subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]))
})

test('each kind has its name and its flags', async () => {
  const waveform = Array.from({ length: 64 }, (_, i) => i)
  const voice = await comes({ kind: 'voice', size: 900, seconds: 7, waveform })
  expect(voice.told.data).toMatchObject({ type: 'voice', media: { kind: 'voice', seconds: 7, waveform } })
  const audio = await comes({ kind: 'audio', size: 800 })
  expect(audio.told.data).toMatchObject({ type: 'audio', media: { mimetype: 'audio/mpeg' } })
  const gif = await comes({ kind: 'video', size: 700, gif: true, caption: 'ha' })
  expect(gif.told.data).toMatchObject({ type: 'video', text: 'ha', media: { kind: 'video', isGif: true } })
  const round = await comes({ kind: 'video', size: 700, videoNote: true })
  expect(round.told.data).toMatchObject({ type: 'video', media: { isVideoNote: true } })
  const sticker = await comes({ kind: 'sticker', size: 600, animated: true })
  expect(sticker.told.data).toMatchObject({ type: 'sticker', media: { isAnimated: true } })
  const once = await comes({ kind: 'image', base64: jpeg.toString('base64'), viewOnce: true })
  expect(once.told.data).toMatchObject({ type: 'image', viewOnce: true })
  const name = '../../etc/\u202Egpj.exe'
  const document = await comes({
    kind: 'document',
    size: 2_000_000,
    fileName: name,
    mimetype: 'application/pdf',
    caption: 'read',
  })
  expect(document.told.data).toMatchObject({ type: 'document', text: 'read', media: { fileName: '_.._etc_gpj.exe' } })
  const media = mediaOf(await ready(document.messageId))
  expect((await stored(media)).length).toBe(2_000_000)
})

const fetchNow = (messageId: string, headers: Record<string, string> = {}) =>
  api.app.request(`/v1/sessions/s/messages/${messageId}/media`, {
    headers: { authorization: `Bearer ${api.adminKey}`, ...headers },
  })

test('what is not fetched by itself is fetched when it is asked for, as a whole or a range of it', async () => {
  const { messageId } = await comes({ kind: 'video', size: 300_000, caption: 'film' })
  const [row] = await world.store.messages.find('s', messageId)
  expect(row?.media).toMatchObject({ state: 'remote' })
  const [part, whole] = await Promise.all([fetchNow(messageId, { range: 'bytes=100-199' }), fetchNow(messageId)])
  expect([part.status, (await part.arrayBuffer()).byteLength]).toEqual([206, 100])
  const bytes = Buffer.from(await whole.arrayBuffer())
  expect([whole.status, sha256(bytes)]).toEqual([200, row?.media?.sha256])
  expect(mediaOf(await ready(messageId))).toMatchObject({ state: 'stored' })
  expect(world.of('message.media_ready').filter((event) => event.data['messageId'] === messageId)).toHaveLength(1)
})

test('a file that WhatsApp has forgotten is uploaded again by the phone', async () => {
  const { messageId } = await comes({ kind: 'video', size: 5_000 })
  const other = await comes({ kind: 'video', size: 6_000 })
  await world.door('POST', '/media/forget', {})
  const answer = await fetchNow(messageId)
  expect([answer.status, (await answer.arrayBuffer()).byteLength]).toEqual([200, 5_000])
  await world.door('POST', '/media/forget', { gone: true })
  const gone = await fetchNow(other.messageId)
  expect([gone.status, ((await gone.json()) as { code: string }).code]).toEqual([410, 'media.expired'])
})

test('a file that is not the one its message names is not kept', async () => {
  const { messageId } = await comes({ kind: 'image', base64: jpeg.toString('base64'), wrongHash: true })
  const row = await failed(messageId)
  expect(row.media?.error?.code).toBe('media.corrupt')
  const told = await world.untilEvent('message.media_failed', (event) => event.data['messageId'] === messageId)
  expect(told.data['media']).toMatchObject({ state: 'failed', error: { code: 'media.corrupt' } })
  expect(await world.store.media.read(toMessageFileId(row._id))).toBeNull()
  const answer = await fetchNow(messageId)
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([422, 'media.corrupt'])
})

/** Asked again until the row says so: no event is written for a file that cannot be fetched. */
async function failed(messageId: string): Promise<Message> {
  for (;;) {
    const [row] = await world.store.messages.find('s', messageId)
    if (row?.media?.state === 'failed') return row
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('no message makes us call an address of its sender', async () => {
  let called = 0
  const trap = createServer(() => (called += 1)).listen(0, '127.0.0.1')
  await once(trap, 'listening')
  const { port } = trap.address() as AddressInfo
  for (const lie of [
    { url: `https://127.0.0.1:${port}/x`, directPath: '/v/x' },
    { directPath: `@127.0.0.1:${port}/x` },
    { directPath: `.evil.example:${port}/x` },
    { directPath: `//127.0.0.1:${port}/x` },
    { url: `http://127.0.0.1:${port}/x`, directPath: 'x' },
  ]) {
    const { messageId } = await comes({ kind: 'image', size: 100, ...lie })
    const answer = await fetchNow(messageId)
    expect(answer.status, JSON.stringify(lie)).toBeGreaterThanOrEqual(400)
  }
  trap.close()
  expect(called).toBe(0)
})

test('what a crash cut short is fetched by the next connector; a revoke and the end of the session take files along', async () => {
  const { messageId } = await comes({ kind: 'video', size: 70_000 })
  for (const connector of world.connectors()) connector.kill('SIGKILL')
  await Promise.all(world.connectors().map((one) => one.exited))
  const [row] = await world.store.messages.find('s', messageId)
  if (!row?.media) throw new Error('no file')
  // As the crash left it: planned, and half of it written.
  await world.store.messages.setMedia(row._id, { ...row.media, state: 'remote', fetchAt: new Date() })
  await world.startConnector()
  const fileId = mediaOf(await ready(messageId)).fileId ?? ''
  expect(await world.store.media.read(fileId)).not.toBeNull()
  await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, revoke: { messageId: row.messageId } })
  await world.untilEvent('message.revoked', ({ data }) => data['messageId'] === row.messageId)
  expect(await world.store.media.read(fileId)).toBeNull()
  await world.store.sessions.want('s', 'deleted')
  await world.untilEvent('session.deleted')
  expect(await world.store.media.removeSome('s', 10)).toBe(0)
})
