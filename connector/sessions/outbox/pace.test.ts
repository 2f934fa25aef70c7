// How fast messages may leave, on a clock that the test sets.
import { expect, test } from 'vitest'
import { createPace } from './pace.ts'

function paced(settings: { perMinute?: number; jitterMs?: number }) {
  const clock = { now: 1_000, random: 0.5 }
  const pace = createPace({ nowMs: () => clock.now, random: () => clock.random })
  pace.set(settings)
  /** How many leave until then, each at the first moment it may. */
  function run(forMs: number): number {
    const end = clock.now + forMs
    for (let sent = 0; ;) {
      while (pace.take()) sent += 1
      const next = clock.now + pace.msUntilNext()
      if (next >= end) {
        clock.now = end
        return sent
      }
      clock.now = next
    }
  }
  return { clock, pace, run }
}

test('the first one goes at once, also with a random rest; the next when the minute allows it', () => {
  const { clock, pace } = paced({ perMinute: 20, jitterMs: 100 })
  expect([pace.take(), pace.take()]).toEqual([true, false])
  expect(pace.msUntilNext()).toBe(3_000)
  clock.now += 3_000
  expect([pace.take(), pace.take()]).toEqual([true, false])
})

test.each([1, 7, 20, 60, 600])('over an hour no more than %i a minute leave, and hardly fewer', (perMinute) => {
  const { run } = paced({ perMinute })
  const sent = run(3_600_000)
  expect(sent).toBeLessThanOrEqual(perMinute * 60 + 5)
  expect(sent).toBeGreaterThanOrEqual(perMinute * 60 - 1)
})

test('a long silence saves up three seconds’ worth, no more', () => {
  const { clock, pace } = paced({ perMinute: 60 })
  while (pace.take());
  clock.now += 3_600_000
  expect([pace.take(), pace.take(), pace.take(), pace.take()]).toEqual([true, true, true, false])
})

test('between two messages there is the random rest', () => {
  const { clock, pace } = paced({ jitterMs: 1_000 })
  expect([pace.take(), pace.msUntilNext()]).toEqual([true, 500])
  clock.now += 500
  clock.random = 0.1
  expect([pace.take(), pace.msUntilNext()]).toEqual([true, 100])
})

test('another pace holds from the next message on, and none lets everything go', () => {
  const { pace } = paced({ perMinute: 1 })
  pace.take()
  pace.set({ perMinute: 60 })
  expect(pace.msUntilNext()).toBe(1_000)
  pace.set({})
  expect([pace.isOn(), pace.take(), pace.take(), pace.msUntilNext()]).toEqual([false, true, true, 0])
})
