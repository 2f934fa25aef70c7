import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { build } from './build.ts'

const root = join(import.meta.dirname, '..')
let folder = ''

const tree = {
  'connector/main.ts': "import { name, type Name } from '../shared/model/name.ts'\nconsole.log(name satisfies Name)\n",
  'connector/main.test.ts': "import { absent } from '../scripts/testing/absent.ts'\nabsent()\n",
  'connector/test/linking.e2e.test.ts': "import { absent } from '../../scripts/testing/absent.ts'\nabsent()\n",
  'connector/whatsapp/testing/sides.ts': 'export const sides = 2\n',
  'functions/entry/node.ts': "import { Hono } from 'hono'\nconsole.log(typeof new Hono().fetch)\n",
  'functions/console/page.html': '<p>page</p>\n',
  'shared/model/name.ts': "export type Name = 'wastream'\nexport const name: Name = 'wastream'\n",
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'build-'))
  for (const file of ['package.json', 'tsconfig.json', 'tsconfig.build.json']) {
    copyFileSync(join(root, file), join(folder, file))
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  for (const [path, text] of Object.entries(tree)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const runBuilt = (path: string) =>
  spawnSync(process.execPath, [join(folder, 'dist', path)], { encoding: 'utf8' }).stdout

test('what was built runs on plain Node, without the sources’ loader', () => {
  expect(build(folder)).toBe(0)
  expect(runBuilt('connector/main.js')).toBe('wastream\n')
  expect(runBuilt('functions/entry/node.js')).toBe('function\n')
  expect(readFileSync(join(folder, 'dist/functions/console/page.html'), 'utf8')).toBe('<p>page</p>\n')
  for (const path of ['main.test.js', 'test', 'whatsapp/testing'])
    expect(existsSync(join(folder, 'dist/connector', path)), path).toBe(false)
})

test('what an earlier build left behind is gone after the next one', () => {
  writeFileSync(join(folder, 'dist/connector/old.js'), '')
  expect(build(folder)).toBe(0)
  expect(existsSync(join(folder, 'dist/connector/old.js'))).toBe(false)
})
