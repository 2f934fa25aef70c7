// What is written as an MP4 is one to others: its index is read, and every frame of it is found and decoded.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { made, testWithFfmpeg } from '../../../scripts/testing/with-ffmpeg.ts'
import { readMp4 } from './mp4.ts'
import { toMp4 } from './write-mp4.ts'

const dir = mkdtempSync(join(tmpdir(), 'wastream-samples-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const film = { width: 64, height: 48, framesPerSecond: 15 }

/** The picture of each frame, hashed, as ffmpeg sees it. */
const hashes = (file: string) =>
  execFileSync('ffmpeg', ['-v', 'error', '-i', file, '-vsync', '0', '-f', 'framemd5', '-'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.startsWith('0,'))
    .map((line) => line.split(',').at(-1)?.trim())

testWithFfmpeg('every frame is where the index says, the first and the last', async () => {
  const raw = join(dir, 'a.h264')
  const source = ['-f', 'lavfi', '-i', 'testsrc2=size=64x48:rate=15:duration=3']
  made(raw, ...source, '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-profile:v', 'baseline', '-threads', '1', '-g', '10')
  const written = toMp4(readFileSync(raw), film)
  expect(written?.seconds).toBe(3)
  const file = join(dir, 'a.mp4')
  writeFileSync(file, written?.bytes ?? '')
  expect(hashes(file)).toEqual(hashes(raw))
  expect(hashes(file)).toHaveLength(45)
  const bytes = readFileSync(file)
  const read = await readMp4(async function* ({ start, end }) {
    yield bytes.subarray(start, end)
  }, bytes.length)
  expect(read?.facts).toEqual({ seconds: 3, width: 64, height: 48 })
})

test('what has no frame is no film', () => {
  for (const bytes of ['', '000001', '0000000167', '000000016742c01e0000000168ce', 'ffff'])
    expect(toMp4(Buffer.from(bytes, 'hex'), film)).toBeUndefined()
})
