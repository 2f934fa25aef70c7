// A stranger's file gets nothing out of ffmpeg but itself: no other file, no address, no more time, room or company than is due.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bars, hasFfmpeg, made, searchPath, testWithFfmpeg, tone } from '../../../scripts/testing/with-ffmpeg.ts'
import { decodeAnySound } from './any-sound.ts'
import { createFfmpeg, type FfmpegOptions, type FfmpegWork } from './ffmpeg.ts'
import { toFilmPicture } from './film-picture.ts'
import { findFfmpeg } from './find-ffmpeg.ts'

const dir = mkdtempSync(join(tmpdir(), 'wastream-samples-'))
let path = ''
beforeAll(async () => {
  path = (await findFfmpeg(searchPath)) ?? ''
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const { signal } = new AbortController()
const open = (options: Partial<FfmpegOptions> = {}) => createFfmpeg({ path, ...options })
async function* pieces(...all: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all
}
/** Never ends, as fast as it is read. */
async function* endless(piece: Uint8Array): AsyncGenerator<Uint8Array> {
  for (;;) yield piece
}
const samples = { output: ['-map', '0:a:0', '-f', 's16le'], maxBytes: 1_000_000 }
const longestSeconds = 60
/** Those of this process, by number. */
const children = () =>
  execFileSync('ps', ['-o', 'pid=,comm=', '--ppid', String(process.pid)], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes('ffmpeg'))

testWithFfmpeg('a list that names a file of ours or an address opens neither, whatever may read it', async () => {
  const secret = join(dir, 'secret.ts')
  made(secret, ...bars(), '-c:v', 'mpeg2video', '-c:a', 'mp2', '-f', 'mpegts')
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.end(readFileSync(secret))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.ts`
  const hls = (one: string) => `#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n${one}\n#EXT-X-ENDLIST\n`
  const concat = (one: string) => `ffconcat version 1.0\nfile '${one}'\n`
  const dash = (one: string) =>
    `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet mimeType="video/mp2t"><Representation id="1" bandwidth="1"><BaseURL>${one}</BaseURL><SegmentBase/></Representation></AdaptationSet></Period></MPD>`
  const sdp = `v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n`
  const lists = [sdp, ...[hls, concat, dash].flatMap((form) => [secret, `file://${secret}`, url].map(form))]
  for (const list of lists) {
    // Also one that would be let in as what it is.
    const work = { ...samples, formats: 'hls,concat,dash,sdp', source: pieces(Buffer.from(list)) }
    await expect(open().run(work, signal), list).rejects.toThrow('ffmpeg ended')
  }
  for (const list of lists.filter((one) => one.includes('file:'))) {
    const bytes = Buffer.from(list)
    await expect(decodeAnySound(open(), bytes, { longestSeconds, signal }), list).rejects.toThrow('ffmpeg ended')
    await expect(toFilmPicture(open(), pieces(bytes), signal), list).rejects.toThrow('ffmpeg ended')
  }
  expect(asked).toEqual([])
  server.close()
})

testWithFfmpeg(
  'what takes too long, writes too much, or is not wanted any more is killed, and leaves nothing',
  async () => {
    made(join(dir, 'long.wav'), ...tone(30))
    const wav = readFileSync(join(dir, 'long.wav'))
    const work = (source: FfmpegWork['source']): FfmpegWork => ({ ...samples, formats: 'wav', source })
    await expect(open().run(work(pieces(wav)), signal)).rejects.toThrow('more than 1000000 bytes')
    await expect(open({ wholeMs: 300 }).run({ ...work(stalled(wav)), maxBytes: 1e9 }, signal)).rejects.toThrow('ffmpeg')
    const leaving = new AbortController()
    const running = open().run(work(stalled(wav.subarray(0, 100_000))), leaving.signal)
    leaving.abort()
    await expect(running).rejects.toThrow('abort')
    await expect(open().run(work(broken()), signal)).rejects.toThrow('no more of it')
    await expect(open().run(work(pieces(Buffer.from('no sound'))), signal)).rejects.toThrow('ffmpeg ended')
    expect(children()).toEqual([])
  },
)

/** Goes on for ever without another byte. */
async function* stalled(first: Uint8Array): AsyncGenerator<Uint8Array> {
  yield first
  await new Promise(() => undefined)
}
async function* broken(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(10)
  throw new Error('no more of it')
}

testWithFfmpeg('two work at once and no more, behind everybody else, without anything of our environment', async () => {
  const ffmpeg = open({ wholeMs: 5_000 })
  made(join(dir, 'short.wav'), ...tone(1))
  const wav = readFileSync(join(dir, 'short.wav'))
  const leaving = new AbortController()
  const all = Array.from({ length: 5 }, () =>
    ffmpeg.run({ ...samples, formats: 'wav', source: endless(wav), maxBytes: 1e12 }, leaving.signal).catch(String),
  )
  await nowRunning(2)
  for (const pid of children().map((line) => line.trim().split(' ')[0])) {
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).toBe('')
    expect(execFileSync('ps', ['-o', 'ni=', '-p', String(pid)], { encoding: 'utf8' }).trim()).toBe('19')
  }
  leaving.abort()
  await Promise.all(all)
})

async function nowRunning(count: number): Promise<void> {
  while (children().length < count) await new Promise((resolve) => setImmediate(resolve))
  expect(children()).toHaveLength(count)
}

test('it is looked for in absolute places only, and must run', async () => {
  expect(await findFfmpeg(undefined)).toBeUndefined()
  expect(await findFfmpeg(['.', 'bin', dir].join(delimiter))).toBeUndefined()
  expect(path === '').toBe(!hasFfmpeg)
  expect(readdirSync(dir).includes('ffmpeg')).toBe(false)
})
