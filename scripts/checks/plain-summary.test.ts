import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plain-summary-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

/** The last line and exit code of a run over these files, each one a project of its own. */
function run(files: Record<string, string>): { lastLine: string | undefined; status: number | null } {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, `${name}.test.js`), text)
  const projects = Object.keys(files).map((name) => ({
    test: { name, globals: true, include: [`${name}.test.js`] },
  }))
  const config = { test: { projects, reporters: ['default', join(import.meta.dirname, 'plain-summary.ts')] } }
  writeFileSync(join(folder, 'vitest.config.mjs'), `export default ${JSON.stringify(config)}`)
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const { stdout, status } = spawnSync(process.execPath, [vitest, 'run', '--root', folder], { encoding: 'utf8' })
  return { lastLine: stdout.trimEnd().split('\n').at(-1), status }
}

test('a green run says so, over all projects', () => {
  expect(
    run({
      a: "test('a', () => {})",
      b: "test('b', () => {}); describe.skipIf(true)('c', () => { test('d', () => {}) })",
    }),
  ).toEqual({
    lastLine: '2 passed, 0 failed, 1 skipped',
    status: 0,
  })
})

test('a failed test, a file that cannot be loaded, a broken hook and a lost rejection each count as a failure', () => {
  const outcome = run({
    fails: "test('good', () => {}); test('bad', () => { throw new Error('bad') })",
    broken: "import './absent.js'",
    hook: "describe('x', () => { beforeAll(() => { throw new Error('hook') }); test('never ran', () => {}) })",
    lost: "test('loses', () => { void Promise.reject(new Error('lost')) })",
  })
  expect(outcome).toEqual({ lastLine: '2 passed, 4 failed, 1 skipped', status: 1 })
})
