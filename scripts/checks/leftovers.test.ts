import { expect, test } from 'vitest'
import { checkLeftovers } from './leftovers.ts'

const problemsOf = (path: string, text: string) => checkLeftovers([{ path, text }]).problems

test.each([
  ['shared/a.ts', '// TODO later'],
  ['README.md', 'FIXME: say more'],
  ['shared/a.test.ts', "it.only('x', () => {})"],
  ['shared/a.test.ts', "describe.skip('x', () => {})"],
  ['shared/a.test.ts', "test.todo('x')"],
  ['shared/a.test.ts', 'await new Promise((r) => setTimeout(r, 500))'],
  ['shared/a.e2e.test.ts', 'await new Promise((resolve) => setTimeout(resolve, 500))'],
  ['shared/a.test.ts', 'await sleep(500)'],
])('%s with %j is stopped, with its line and the reason', (path, line) => {
  expect(problemsOf(path, `one\n${line}\n`)).toEqual([expect.stringMatching(`^${path}:2 .+: .{20,}`)])
})

test.each([
  ['connector/sessions/backoff.ts', 'await sleep(500)'],
  ['shared/a.test.ts', "it.skipIf(!uri)('x', () => {})"],
  ['shared/a.e2e.test.ts', 'await sleep(30_000) // waits: the lease of a stopped owner has to run out'],
  ['shared/a.ts', "const state = 'todo'"],
])('%s with %j passes', (path, line) => {
  expect(problemsOf(path, line)).toEqual([])
})
