// Files that people send us: told at once, fetched and stored as the settings say, over the real wire.
import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import sharp from 'sharp'
import type { MessageMedia } from '../../shared/model/media.ts'
import type { StoredEvent } from '../../shared/model/event.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let ana: Phone
let beto: Phone
let jpeg: Buffer
beforeAll(async () => {
  world = await openWorld()
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  jpeg = await sharp({ create: { width: 640, height: 400, channels: 3, background: '#0a7' } })
    .jpeg()
    .toBuffer()
  await world.startConnector()
  await world.link('s', ana)
}, 60_000)
afterAll(() => world.close())

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
