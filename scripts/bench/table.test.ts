// What the table says of a figure is what was measured, and nothing better.
import { describe, expect, test } from 'vitest'
import type { Sample } from './figure.ts'
import { judge, toSides, toTable } from './table.ts'

const sample = (ours: number, theirs: number, also?: Sample['also']): Sample => ({
  unit: 'x/s',
  ours,
  theirs,
  ...(also ? { also } : {}),
})

describe('judging', () => {
  test('the median of the ratios is judged, not the ratio of the medians', () => {
    const { ratio } = judge({ name: 'f', goal: 'reported' }, [sample(1, 10), sample(20, 10), sample(30, 100)])
    expect(ratio).toBe(0.3)
  })
  test.each([
    [{ atLeast: 0.8 }, 8, true],
    [{ atLeast: 0.8 }, 7.9, false],
    [{ atMost: 1.5 }, 15, true],
    [{ atMost: 1.5 }, 15.1, false],
  ] as const)('%j with a ratio of %d tenths: %s', (goal, ours, reached) => {
    expect(judge({ name: 'f', goal }, [sample(ours, 10)]).reached).toBe(reached)
  })
  test('a figure without a goal is reported, never reached', () => {
    expect(judge({ name: 'f', goal: 'reported' }, [sample(1, 1)]).reached).toBe('reported')
  })
  test('a figure that measured nothing reaches nothing', () => {
    expect(judge({ name: 'f', goal: { atLeast: 0 } }, []).reached).toBe(false)
    expect(judge({ name: 'f', goal: { atMost: 9 } }, []).reached).toBe(false)
  })
})

describe('the table', () => {
  test('a row says medians, spread, goal and verdict', () => {
    const row = judge({ name: 'inbound', goal: { atLeast: 0.8 } }, [sample(50, 100), sample(90, 100), sample(70, 100)])
    expect(toTable([row], 'binary').at(-1)).toBe('| inbound | 70 : 100 x/s | 0.70 (0.50–0.90) | ≥ 0.8 | NOT reached |')
  })
  test('what was measured beside it is shown with both sides', () => {
    expect(toSides([sample(3, 1, { 'p50, ms': [0.5123, 0.25] })])).toBe('3 : 1 x/s (p50, ms 0.512 : 0.25)')
  })
  test('every row on the embedded MongoDB is marked, and the mark explained', () => {
    const lines = toTable([judge({ name: 'a', goal: 'reported' }, [sample(1, 1)])], 'embedded')
    expect(lines[2]).toMatch(/^\| a \(e\) \|/)
    expect(lines.at(-1)).toMatch(/^\(e\) on the embedded MongoDB/)
  })
})
