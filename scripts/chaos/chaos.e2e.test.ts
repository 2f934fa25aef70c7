// The short form of `npm run test:chaos`: one seed, another one each time, printed; a violation says how to repeat it.
import { expect, test } from 'vitest'
import { formatRun } from './report.ts'
import { runSeed } from './run-seed.ts'

const seconds = 12
const size = { sessions: 2, contacts: 2 }
const seedRange = 1_000_000

test('whatever dies in between, nothing is lost, doubled or out of order', async () => {
  const seed = Math.floor(Math.random() * seedRange)
  const result = await runSeed({ seed, seconds, size })
  process.stderr.write(`${formatRun(result)}\n`)
  expect(result.violations, formatRun(result)).toEqual([])
  expect(result.counts.out + result.counts.in, 'texts that were audited').toBeGreaterThan(10)
})
