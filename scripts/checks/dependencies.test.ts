import { expect, test } from 'vitest'
import { checkDependencies } from './dependencies.ts'

const problemsOf = (manifest: object, packages: object = {}) =>
  checkDependencies(JSON.stringify(manifest), JSON.stringify({ packages })).problems

test('exact versions pass, pre-releases included', () => {
  expect(problemsOf({ dependencies: { hono: '4.13.19', '@whiskeysockets/baileys': '7.0.0-rc14' } })).toEqual([])
})

test.each(['^4.13.19', '~4.13.19', '4.x', '*', 'latest', '>=4', 'github:honojs/hono', 'file:../hono'])(
  'a version that can move is stopped: %s',
  (version) => {
    expect(problemsOf({ devDependencies: { hono: version } })).toEqual([
      `package.json: devDependencies "hono" is "${version}", not one exact version`,
    ])
  },
)

test('a nested override that can move is stopped', () => {
  expect(problemsOf({ overrides: { pino: { 'thread-stream': '^3.0.0' } } })).toHaveLength(1)
})

test('a lock file that names a download address is stopped', () => {
  const packages = { 'node_modules/hono': { version: '4.13.19', resolved: 'https://mirror.example/hono.tgz' } }
  expect(problemsOf({}, packages)).toEqual([expect.stringContaining('"node_modules/hono" has a "resolved" address')])
})

test('a lock file that lacks a platform’s binary, which npm ci would refuse, is stopped', () => {
  const linter = {
    version: '1.94.0',
    optionalDependencies: { '@oxlint/darwin-x64': '1.94.0', '@oxlint/linux-x64': '1.94.0' },
  }
  const packages = { 'node_modules/oxlint': linter, 'node_modules/@oxlint/linux-x64': { version: '1.94.0' } }
  expect(problemsOf({}, packages)).toEqual([expect.stringContaining('"node_modules/@oxlint/darwin-x64" is missing')])
})

test('of two versions of one optional package the second stands beside its user', () => {
  const packages = {
    'node_modules/a': { version: '1.0.0', optionalDependencies: { 'bin-x64': '1.0.0' } },
    'node_modules/b/node_modules/a': { version: '2.0.0', optionalDependencies: { 'bin-x64': '2.0.0' } },
    'node_modules/bin-x64': { version: '1.0.0' },
  }
  expect(problemsOf({}, packages)).toEqual([
    expect.stringContaining('"node_modules/b/node_modules/a/node_modules/bin-x64" is missing'),
  ])
})
