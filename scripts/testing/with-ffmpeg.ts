// Tests that need ffmpeg: run where there is one, and skipped by name, aloud, where there is none.
import { execFileSync } from 'node:child_process'
import { test } from 'vitest'

export const searchPath = process.env['PATH']

export const hasFfmpeg = ((): boolean => {
  try {
    execFileSync('ffmpeg', ['-version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

export function testWithFfmpeg(name: string, run: () => Promise<void>, timeoutMs?: number): void {
  if (!hasFfmpeg) process.stderr.write(`SKIPPED, no ffmpeg on the PATH: ${name}\n`)
  test.runIf(hasFfmpeg)(name, run, timeoutMs)
}

/** A sample, made by ffmpeg: `made('m4a', …)` is what it writes into a file with that ending. */
export function made(file: string, ...words: string[]): void {
  execFileSync('ffmpeg', ['-v', 'error', '-nostdin', ...words, '-y', file])
}

/** A film of coloured bars and a tone. */
export const bars = ({ size = '320x180', seconds = 3 } = {}) => [
  '-f',
  'lavfi',
  '-i',
  `testsrc2=size=${size}:rate=10:duration=${seconds}`,
  ...tone(seconds),
]
export const tone = (seconds = 3) => ['-f', 'lavfi', '-i', `sine=frequency=440:duration=${seconds}`]
