// Films and sounds that ffmpeg has to open: with it they go with a picture and as voice notes, without it as far as they can.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Child } from '../../scripts/testing/child.ts'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import { bars, hasFfmpeg, made, testWithFfmpeg, tone } from '../../scripts/testing/with-ffmpeg.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let api: TestApi
let connector: Child
let ana: Phone
let beto: Phone
const dir = mkdtempSync(join(tmpdir(), 'wastream-samples-'))
beforeAll(async () => {
  world = await openWorld()
  api = await openTestApi({ on: world })
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  connector = await world.startConnector(hasFfmpeg ? {} : { FFMPEG: 'off' })
  await world.link('s', ana)
})
afterAll(async () => {
  await api?.close()
  await world.close()
  rmSync(dir, { recursive: true, force: true })
})

/** As ffmpeg makes it. */
function sample(name: string, ...words: string[]): Buffer {
  const file = join(dir, name)
  made(file, ...words)
  return readFileSync(file)
}

const ask = (body: object) => api.call('POST', '/v1/sessions/s/messages?wait=30', { body: { to: beto.phone, ...body } })

/** What Beto's phone has of it. */
async function goes(type: string, bytes: Buffer, more: object = {}): Promise<Record<string, unknown>> {
  const answer = await ask({ type, media: { base64: bytes.toString('base64') }, ...more })
  expect(answer.status, answer.text).toBe(201)
  const at = `/phones/${beto.phone}/messages?messageId=${answer.body.messageId}&atLeast=1&wait=60`
  const [row] = (await world.door('GET', at))['data'] as { kind: string; details: { media: Record<string, unknown> } }[]
  return { kind: row?.kind, ...row?.details.media }
}

testWithFfmpeg('a film goes with a picture, its size and its length, wherever its index stands', async () => {
  const encoded = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac']
  const late = sample('late.mp4', ...bars({ size: '640x360', seconds: 4 }), ...encoded, '-b:v', '6M')
  const early = sample('early.mp4', '-i', join(dir, 'late.mp4'), '-c', 'copy', '-movflags', '+faststart')
  for (const film of [late, early]) {
    const arrived = await goes('video', film, { caption: 'bars' })
    expect(arrived).toMatchObject({ kind: 'video', width: 640, height: 360, seconds: 4, mimetype: 'video/mp4' })
    expect(Number(arrived['thumbnailBytes'])).toBeGreaterThan(300)
    expect(arrived['broken']).toBeUndefined()
  }
  const upright = sample('upright.mov', '-i', join(dir, 'late.mp4'), '-c', 'copy', '-metadata:s:v', 'rotate=90')
  expect(await goes('video', upright)).toMatchObject({ width: 360, height: 640 })
})

testWithFfmpeg('sounds of every kind become voice notes with their length and their waveform', async () => {
  const forms: [string, ...string[]][] = [
    ['a.m4a', '-c:a', 'aac'],
    ['a.flac'],
    ['a.webm', '-c:a', 'libopus'],
    ['a.ogg', '-c:a', 'libvorbis', '-ac', '2'],
    ['a.aac'],
    ['a.aiff'],
  ]
  for (const [name, ...how] of forms) {
    const arrived = await goes('voice', sample(name, ...tone(3), ...how))
    expect(arrived, name).toMatchObject({ kind: 'voice', seconds: 3, mimetype: 'audio/ogg; codecs=opus' })
    expect(arrived['waveform'], name).toHaveLength(64)
    expect(arrived['broken']).toBeUndefined()
  }
  const [told] = (await api.call('GET', '/v1/connectors')).body.data
  expect(told.missing).toEqual([])
})

testWithFfmpeg('a GIF that is sent as one becomes a film of the same length, with a picture', async () => {
  const gif = sample('a.gif', '-f', 'lavfi', '-i', 'testsrc2=size=300x200:rate=5:duration=4')
  const arrived = await goes('video', gif, { gif: true })
  expect(arrived).toMatchObject({
    kind: 'video',
    gif: true,
    mimetype: 'video/mp4',
    width: 300,
    height: 200,
    seconds: 4,
  })
  expect(Number(arrived['thumbnailBytes'])).toBeGreaterThan(300)
  const cut = await ask({ type: 'video', gif: true, media: { base64: gif.subarray(0, 400).toString('base64') } })
  expect([cut.status, cut.body.code]).toEqual([422, 'media.unsupported'])
  const { body } = await ask({ type: 'video', media: { base64: gif.toString('base64') } })
  expect(body.code, 'without gif: true it is no film').toBe('media.unsupported')
})

test('without ffmpeg a film goes without a picture, other sounds are refused, and the connector says what is missing', async () => {
  await connector.stop()
  connector = await world.startConnector({ FFMPEG: 'off' })
  const arrived = await goes('video', tinyFilm())
  expect(arrived).toMatchObject({ kind: 'video', width: 200, height: 100, seconds: 7, thumbnailBytes: 0 })
  const flac = Buffer.concat([Buffer.from('fLaC'), Buffer.alloc(500)])
  const refused = await ask({ type: 'voice', media: { base64: flac.toString('base64') } })
  expect([refused.status, refused.body.code]).toEqual([422, 'media.unsupported'])
  expect(refused.body.detail).toContain('ffmpeg')
  const gif = Buffer.from('R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=', 'base64')
  const still = await ask({ type: 'video', gif: true, media: { base64: gif.toString('base64') } })
  expect([still.status, still.body.code]).toEqual([422, 'media.unsupported'])
  const { data } = (await api.call('GET', '/v1/connectors')).body
  expect(data.map((one: { missing: string[] }) => one.missing)).toEqual([['ffmpeg']])
  const health = (await (await fetch(`${connector.ready['relay']}/health`)).json()) as object
  expect(health).toMatchObject({ missing: ['ffmpeg'] })
  expect(connector.stderr().match(/without ffmpeg/g)).toHaveLength(1)
})

/** An index, and nothing that it points to. */
function tinyFilm(): Buffer {
  const box = (type: string, ...inside: Buffer[]) => {
    const body = Buffer.concat([Buffer.from(type), ...inside])
    const length = Buffer.alloc(4)
    length.writeUInt32BE(body.length + 4)
    return Buffer.concat([length, body])
  }
  const film = Buffer.alloc(100)
  film.writeUInt32BE(1_000, 12)
  film.writeUInt32BE(7_000, 16)
  const track = Buffer.alloc(84)
  track.writeInt32BE(0x10000, 40)
  track.writeUInt32BE(200 << 16, 76)
  track.writeUInt32BE(100 << 16, 80)
  const handler = Buffer.alloc(24)
  handler.write('vide', 8)
  const trak = box('trak', box('tkhd', track), box('mdia', box('hdlr', handler)))
  return Buffer.concat([
    box('ftyp', Buffer.from('isom\0\0\0\0isommp42', 'latin1')),
    box('mdat', Buffer.alloc(50)),
    box('moov', box('mvhd', film), trak),
  ])
}
