import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Storage } from './storage.ts'

test('a store that can no longer write says so as a server that goes down does: whoever asked asks again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'embedded-storage-'))
  const storage = new Storage(join(folder, 'db'))
  await storage.write(() => undefined)
  storage.beforeCommit = () => {
    throw new Error('No space left on device')
  }
  const refused = { code: 11600, message: expect.stringContaining('No space left on device') as string }
  await expect(
    storage.write(() => undefined),
    'the commit that failed',
  ).rejects.toMatchObject(refused)
  await expect(
    storage.write(() => undefined),
    'and every later one',
  ).rejects.toMatchObject(refused)
  await storage.close()
  rmSync(folder, { recursive: true })
})
