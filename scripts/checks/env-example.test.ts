import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseSettings, Settings } from '../../shared/model/settings.ts'
import { readSources } from './source-files.ts'

const root = join(import.meta.dirname, '../..')
const example = readFileSync(join(root, '.env.example'), 'utf8')
const shown = Object.fromEntries(
  [...example.matchAll(/^#([A-Z_]+)=(.*)$/gm)].map(([, name = '', value]) => [name, value]),
)

test('.env.example shows every setting there is, and no other', () => {
  expect(Object.keys(shown).toSorted()).toEqual(Object.keys(Settings.entries).toSorted())
})

test('the defaults that .env.example shows are the true ones', () => {
  expect(parseSettings(shown)).toEqual(parseSettings({}))
})

test('every setting does something: product code reads it', () => {
  const code = readSources(root)
    .filter(({ path }) => /^(?:connector|functions|scripts\/start)\/.*\.ts$/.test(path) && !path.endsWith('.test.ts'))
    .map(({ text }) => text)
    .join('\n')
  const idle = Object.keys(Settings.entries).filter((name) => !new RegExp(`\\bsettings\\.${name}\\b`).test(code))
  expect(idle).toEqual([])
})
