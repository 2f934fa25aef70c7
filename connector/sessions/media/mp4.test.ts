// A film says how long and how large it is wherever its index stands, and whatever a stranger wrote into it.
import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readMp4 } from './mp4.ts'

const number = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
const box = (type: string, ...inside: Uint8Array[]) => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), ...inside])
  return Buffer.concat([number(body.length + 4), body])
}
const zeros = (count: number) => Buffer.alloc(count)
/** `offset`: where its one piece of data lies. */
const indexOf = (offset: number, { turned = false, scale = 1_000, units = 7_400 } = {}) => {
  const matrix = turned ? [0, 0x10000, 0, 0xffff0000, 0, 0, 0, 0, 0] : [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0]
  const tkhd = box('tkhd', zeros(40), ...matrix.map(number), number(640 << 16), number(360 << 16))
  const data = box('minf', box('stbl', box('stco', zeros(4), number(1), number(offset))))
  const mdia = box('mdia', box('hdlr', zeros(8), Buffer.from('vide'), zeros(13)), data)
  return box('moov', box('mvhd', zeros(12), number(scale), number(units), zeros(80)), box('trak', tkhd, mdia))
}
const ftyp = box('ftyp', Buffer.from('isom'), zeros(4))
const data = box('mdat', Buffer.from('the film'))

const read = (film: Buffer) =>
  readMp4(async function* ({ start, end }) {
    yield film.subarray(start, end)
  }, film.length)
const ordered = async (film: Buffer) => buffer(Readable.from((await read(film))!.inOrder()))

test('its index says how long it is and how it is shown', async () => {
  const film = (options?: object) => read(Buffer.concat([ftyp, data, indexOf(0, options)]))
  expect((await film())?.facts).toEqual({ seconds: 7, width: 640, height: 360 })
  expect((await film({ turned: true }))?.facts).toEqual({ seconds: 7, width: 360, height: 640 })
  expect((await film({ units: 0 }))?.facts).toEqual({ width: 640, height: 360 })
  expect((await film({ scale: 0 }))?.facts).toEqual({ width: 640, height: 360 })
})

test('an index at the end comes first, and points to where the data is then', async () => {
  const late = Buffer.concat([ftyp, data, indexOf(ftyp.length + 8), box('free', zeros(5))])
  const early = await ordered(late)
  expect(early).toHaveLength(late.length)
  const index = indexOf(0).length
  const offset = early.readUInt32BE(early.indexOf('stco') + 12)
  expect(early.subarray(offset, offset + 8).toString()).toBe('the film')
  expect(early.indexOf('moov')).toBe(ftyp.length + 4)
  expect(offset).toBe(ftyp.length + 8 + index)
  const untouched = Buffer.concat([ftyp, indexOf(ftyp.length + index + 8), data])
  expect(await ordered(untouched)).toEqual(untouched)
})

test('an index of more parts than a film has is not gone through, wherever they stand, nor one that is too large', async () => {
  const film = indexOf(0).subarray(8)
  const many = (type: string) => Buffer.concat(Array.from({ length: 100_000 }, () => box(type)))
  for (const type of ['trak', 'free']) expect(await read(box('moov', film, many(type)))).toBeUndefined()
  const deep = box('moov', box('trak', many('free'), film.subarray(film.indexOf('tkhd') - 4)), film)
  expect((await read(deep))?.facts).toEqual({ seconds: 7, width: 640, height: 360 })
  const deeper = box('moov', film.subarray(0, film.indexOf('trak') - 4), box('trak', box('mdia', many('hdlr'))))
  expect((await read(deeper))?.facts).toEqual({ seconds: 7 })
  expect(await read(box('moov', film, box('free', zeros(9 * 1_048_576))))).toBeUndefined()
})

test('what is no film, or lies about its parts, is none, and ends soon', async () => {
  for (const bytes of [zeros(0), zeros(100), ftyp, Buffer.concat([ftyp, data]), Buffer.from('no film at all')])
    expect(await read(bytes)).toBeUndefined()
  const film = Buffer.concat([ftyp, data, indexOf(ftyp.length + 8)])
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(film.length - 1), fc.nat(255))),
      fc.nat(film.length),
      async (all, end) => {
        const bent = Buffer.from(film)
        for (const [at, value] of all) bent[at] = value
        const found = await read(bent.subarray(0, end))
        if (found) expect((await buffer(Readable.from(found.inOrder()))).length).toBe(end)
      },
    ),
    { numRuns: 500 },
  )
})
