// What a file is, is found out while everything else goes on, whatever a stranger wrote into it.
import { expect, test } from 'vitest'
import type { MediaFile } from '../../../shared/model/media.ts'
import type { MediaStore } from '../../../shared/store/media.ts'
import { inspectFile } from './inspect-file.ts'
import { soundSeconds } from './sound-seconds.ts'
import { toOgg } from './ogg-opus.ts'

const box = (type: string, ...inside: Uint8Array[]) => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), ...inside])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length + 4)
  return Buffer.concat([length, body])
}
const seven = Buffer.alloc(100)
seven.writeUInt32BE(1_000, 12)
seven.writeUInt32BE(7_000, 16)
const mp4 = (...index: Uint8Array[]) =>
  Buffer.concat([
    box('ftyp', Buffer.from('M4A '), Buffer.alloc(4)),
    box('mdat', Buffer.alloc(8)),
    box('moov', ...index),
  ])
/** 15.6 MB of boxes that say nothing. */
const idle = mp4(Buffer.alloc(1_950_000 * 8, box('free')))
/** Three seconds; nobody decodes it here. */
const ogg = toOgg(
  Array.from({ length: 50 }, () => new Uint8Array([0x48, 1, 2])),
  60,
  16_000,
)
const wav = Buffer.alloc(44 + 32_000 * 5)
wav.write('RIFF', 0)
wav.writeUInt32LE(wav.length - 8, 4)
wav.write('WAVEfmt ', 8)
for (const [at, value] of [
  [16, 16],
  [24, 16_000],
  [28, 32_000],
  [40, wav.length - 44],
] as const)
  wav.writeUInt32LE(value, at)
for (const [at, value] of [
  [20, 1],
  [22, 1],
  [32, 2],
  [34, 16],
] as const)
  wav.writeUInt16LE(value, at)
wav.write('data', 36)

async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 261_120) yield bytes.subarray(at, at + 261_120)
}
function inspect(bytes: Buffer, mimetype: string) {
  const open: MediaStore['open'] = (_fileId, range) => inPieces(bytes.subarray(range?.start, range?.end))
  const media = { open, describe: async () => undefined } as unknown as MediaStore
  return inspectFile(media, { _id: 'med_x', mimetype, size: bytes.length } as MediaFile)
}
/** The longest that this process stood still meanwhile, ms of processor time: what others take of the machine is not its own. */
async function longestStandstill(work: () => Promise<unknown>): Promise<number> {
  const usedMs = () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1_000
  }
  let longest = 0
  let last = usedMs()
  const look = () => {
    longest = Math.max(longest, usedMs() - last)
    last = usedMs()
  }
  const timer = setInterval(look, 5)
  await work()
  look()
  clearInterval(timer)
  return longest
}

test('a sound says how long it lasts, whatever it lies in', async () => {
  expect((await inspect(ogg, 'audio/ogg; codecs=opus')).facts).toEqual({ seconds: 3 })
  expect((await inspect(wav, 'audio/wav')).facts).toEqual({ seconds: 5 })
  for (const type of ['audio/mp4', 'audio/x-m4a', 'video/mp4', 'video/quicktime'])
    expect((await inspect(mp4(box('mvhd', seven)), type)).facts).toEqual({ seconds: 7 })
  for (const type of ['audio/ogg', 'audio/mpeg', 'audio/wav', 'audio/mp4', 'video/webm', 'audio/none'])
    expect((await inspect(Buffer.from('no sound at all'), type)).facts).toEqual({})
})

test('a sound whose index is made of nothing is left alone, and so is a film without a length', async () => {
  const standstill = await longestStandstill(async () => {
    for (const type of ['audio/mp4', 'audio/x-m4a', 'video/mp4', 'video/3gpp'])
      expect((await inspect(idle, type)).facts).toEqual({})
    const free = Buffer.alloc(900_000 * 8, box('free'))
    const nameless = Buffer.concat([mp4(box('mvhd', Buffer.alloc(100))), free])
    expect((await inspect(nameless, 'video/mp4')).facts).toEqual({})
  })
  expect(standstill).toBeLessThan(1_500)
})

test('a file that keeps its reader busy is given up in time, and nothing stands still meanwhile', async () => {
  const standstill = await longestStandstill(async () => {
    const busy = { mimetype: 'audio/mp4', size: idle.length }
    const began = performance.now()
    expect(await soundSeconds(inPieces(idle), busy, 500)).toBeUndefined()
    // Left to itself it takes ten and more.
    expect(performance.now() - began).toBeLessThan(8_000)
    async function* silent(): AsyncGenerator<Buffer> {
      yield ogg.subarray(0, 100)
      throw new Error('the store is away')
    }
    expect(await soundSeconds(silent(), { mimetype: 'audio/ogg', size: 1_000 })).toBeUndefined()
  })
  expect(standstill).toBeLessThan(1_500)
  expect(await soundSeconds(inPieces(ogg), { mimetype: 'audio/ogg', size: ogg.length })).toBeCloseTo(3, 1)
})
