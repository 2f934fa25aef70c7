import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseSettings, Settings } from '../../shared/model/settings.ts'

const example = readFileSync(join(import.meta.dirname, '../../.env.example'), 'utf8')
const shown = Object.fromEntries(
  [...example.matchAll(/^#([A-Z_]+)=(.*)$/gm)].map(([, name = '', value]) => [name, value]),
)

test('.env.example shows every setting there is, and no other', () => {
  expect(Object.keys(shown).toSorted()).toEqual(Object.keys(Settings.entries).toSorted())
})

test('the defaults that .env.example shows are the true ones', () => {
  expect(parseSettings(shown)).toEqual(parseSettings({}))
})
