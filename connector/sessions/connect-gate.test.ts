import { expect, test } from 'vitest'
import { createConnectGate } from './connect-gate.ts'

test('never more than its places connect at once, and everybody gets a turn', async () => {
  const gate = createConnectGate({ places: 3, jitterMs: 0 })
  const { signal } = new AbortController()
  let inside = 0
  let most = 0
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      const leave = await gate.enter(signal)
      inside += 1
      most = Math.max(most, inside)
      await new Promise((resolve) => setImmediate(resolve))
      inside -= 1
      leave()
      leave()
    }),
  )
  expect(most).toBe(3)
})

test('who gives up waiting takes no place along', async () => {
  const gate = createConnectGate({ places: 1, jitterMs: 0 })
  const leave = await gate.enter(new AbortController().signal)
  const impatient = new AbortController()
  const waiting = gate.enter(impatient.signal)
  impatient.abort(new Error('stopping'))
  await expect(waiting).rejects.toThrow('stopping')
  leave()
  await expect(gate.enter(new AbortController().signal)).resolves.toBeTypeOf('function')
})
