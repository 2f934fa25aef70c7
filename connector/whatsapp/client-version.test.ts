import { expect, test } from 'vitest'
import { createClientVersion } from './client-version.ts'

test('a version that WhatsApp finds too old is replaced by the current one, asked for once in ten minutes', async () => {
  let clock = 0
  let newest = 10
  const version = createClientVersion({
    fixed: undefined,
    fetchLatest: () => Promise.resolve({ version: [2, 3000, newest++], isLatest: true }),
    now: () => clock,
  })
  expect(version.current()).toBeUndefined()
  await version.refresh()
  await version.refresh()
  expect(version.current()).toEqual([2, 3000, 10])
  clock = 600_001
  await version.refresh()
  expect(version.current()).toEqual([2, 3000, 11])
})

test('without an answer, and with a fixed version, it stays as it is', async () => {
  const away = createClientVersion({ fixed: undefined, fetchLatest: () => Promise.reject(new Error('no network')) })
  await away.refresh()
  expect(away.current()).toBeUndefined()
  const fixed = createClientVersion({
    fixed: '2.3000.7',
    fetchLatest: () => Promise.resolve({ version: [2, 3000, 8], isLatest: true }),
  })
  await fixed.refresh()
  expect(fixed.current()).toEqual([2, 3000, 7])
})
