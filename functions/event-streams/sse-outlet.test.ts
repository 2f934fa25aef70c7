import { expect, onTestFinished, test, vi } from 'vitest'
import { openSseOutlet } from './sse-outlet.ts'

const stallMs = 30_000

function openFull() {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  let isClosed = false
  const outlet = openSseOutlet({ pauseBytes: 10, closeBytes: 10_000, stallMs, closed: () => (isClosed = true) })
  for (let i = 0; i < 3; i += 1) outlet.write('data: as long as the buffer')
  return { outlet, isClosed: () => isClosed }
}

test('a reader that takes nothing while it is waited for is cut after a while', async () => {
  const { outlet, isClosed } = openFull()
  const room = outlet.room()
  vi.advanceTimersByTime(stallMs - 1)
  expect(isClosed()).toBe(false)
  vi.advanceTimersByTime(1)
  await expect(room).rejects.toThrow('gone')
  expect(isClosed()).toBe(true)
})

test('a slow reader that takes something is waited for', async () => {
  const { outlet, isClosed } = openFull()
  const room = outlet.room()
  const reader = outlet.body.getReader()
  for (let i = 0; i < 2; i += 1) {
    await reader.read()
    vi.advanceTimersByTime(stallMs)
  }
  expect(isClosed()).toBe(false)
  await reader.read()
  await room
})
