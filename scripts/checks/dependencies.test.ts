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
