// What every place for bytes promises; each implementation's test runs it.
import { createHash, randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import type { MediaBytes } from './media-bytes.ts'

export async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

export function mediaBytesContract(place: () => MediaBytes): void {
  const read = (id: string, range?: { start: number; end: number }) => buffer(place().open(id, range))
  const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

  test('what was put is read as it was, whatever its length and its pieces', async () => {
    for (const [length, size] of [
      [1, 1],
      [261_088, 65_536],
      [261_089, 1_000_000],
      [700_000, 7_777],
    ] as const) {
      const bytes = randomBytes(length)
      await place().put(`a-${length}`, pieces(bytes, size))
      expect(hash(await read(`a-${length}`)), String(length)).toBe(hash(bytes))
      expect(await place().stat(`a-${length}`)).toEqual({ size: length })
    }
  })

  test('a range is that range, also across the seams', async () => {
    const bytes = randomBytes(600_000)
    await place().put('ranges', pieces(bytes, 100_000))
    for (const [start, end] of [
      [0, 1],
      [261_087, 261_089],
      [261_088, 522_176],
      [599_999, 600_000],
      [10, 599_990],
      [5, 5],
    ] as const)
      expect((await read('ranges', { start, end })).equals(bytes.subarray(start, end)), `${start}-${end}`).toBe(true)
  })

  test('what fails on its way in leaves nothing behind', async () => {
    const broken = (async function* () {
      yield randomBytes(400_000)
      throw new Error('cut')
    })()
    await expect(place().put('broken', broken)).rejects.toThrow('cut')
    expect(await place().stat('broken')).toBeUndefined()
  })

  test('what is removed is gone, and removing nothing is nothing', async () => {
    await place().put('gone', pieces(randomBytes(10), 10))
    await place().remove('gone')
    await place().remove('gone')
    expect(await place().stat('gone')).toBeUndefined()
    expect((await read('gone')).length).toBe(0)
  })
}
