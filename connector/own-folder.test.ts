// What a killed process left on disk goes with the next start; what belongs to somebody who lives stays.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openOwnFolder } from './own-folder.ts'

const parent = mkdtempSync(join(tmpdir(), 'wastream-own-'))
afterAll(() => rmSync(parent, { recursive: true, force: true }))

test('folders of the dead and of an earlier life of this number go, all others stay', async () => {
  const gone = spawn(process.execPath, ['-e', ''])
  await once(gone, 'exit')
  const dead = openOwnFolder(parent, gone.pid ?? 0)
  writeFileSync(join(dead.path, 'left'), 'behind')
  const alive = openOwnFolder(parent, process.ppid)
  expect(existsSync(dead.path)).toBe(false)
  const elsewhere = join(parent, `wastream-connector-othermachine-${gone.pid}-abcdef`)
  const others = [elsewhere, join(parent, 'wastream-connector-'), join(parent, 'somebody-elses')]
  for (const path of others) mkdirSync(path)
  const earlier = openOwnFolder(parent, process.pid)
  const ours = openOwnFolder(parent, process.pid)
  expect([earlier.path, alive.path, ours.path, ...others].map((path) => existsSync(path))).toEqual([
    false,
    ...Array.from({ length: others.length + 2 }, () => true),
  ])
  ours.remove()
  alive.remove()
  expect(readdirSync(parent)).toHaveLength(others.length)
})
