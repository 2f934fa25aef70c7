import { expect, test } from 'vitest'
import { createRecorder } from './recorder.ts'
import type { RecordContext } from './context.ts'

const fact = { kind: 'presence', chat: ['1@lid'], by: ['1@lid'], state: 'available' } as const

test('what is told after the end is not stored, and waiting for it to be idle ends', async () => {
  const stopping = new AbortController()
  const recorder = createRecorder({
    context: {} as RecordContext,
    rests: () => undefined,
    signal: stopping.signal,
    onRetry: () => undefined,
    onRefused: () => undefined,
  })
  stopping.abort(new Error('stopping'))
  let stored = false
  recorder.record({ fact, stored: () => (stored = true) })
  // A wait that spins instead of ending would keep this timer from ever firing.
  const ended = await Promise.race([
    recorder.idle().then(() => 'idle'),
    new Promise((resolve) => setTimeout(() => resolve('spinning'), 1_000)), // waits: only when it fails
  ])
  expect([ended, stored]).toEqual(['idle', false])
})

test('a commit that hangs keeps nobody waiting once the session is let go', async () => {
  const stopping = new AbortController()
  const recorder = createRecorder({
    context: {} as RecordContext,
    rests: () => new Promise(() => undefined),
    signal: stopping.signal,
    onRetry: () => undefined,
    onRefused: () => undefined,
  })
  let stored = false
  recorder.record({ fact, stored: () => (stored = true) })
  stopping.abort(new Error('stopping'))
  await recorder.idle()
  expect(stored).toBe(false)
})
