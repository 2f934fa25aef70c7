// A folder for what lies on disk for a moment (files on their way, encrypted): this process's own, gone with it. What a
// process that was killed has left behind goes when the next one starts on this machine.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'

export type OwnFolder = {
  path: string
  /** With all that is in it; at once, so that it can be the last thing a process does. */
  remove(): void
}

/** Containers that share a folder for temporary files have names of their own, and processes of the same numbers. */
const machine = hostname().replace(/[^A-Za-z0-9]/g, '_')
const prefix = `wastream-connector-${machine}-`

/** Throws when `parent` cannot be written to. `pid`: this process's. */
export function openOwnFolder(parent: string, pid: number): OwnFolder {
  for (const name of readdirSync(parent)) {
    const holder = name.startsWith(prefix) ? Number(/^(\d+)-/.exec(name.slice(prefix.length))?.[1]) : Number.NaN
    // One of our own number is from an earlier life: we have none yet.
    if (!Number.isNaN(holder) && (holder === pid || !isAlive(holder))) remove(join(parent, name))
  }
  const path = mkdtempSync(join(parent, `${prefix}${pid}-`))
  return { path, remove: () => remove(path) }
}

function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true })
  } catch {
    // Another user's, or another connector was faster: it is not ours to mind.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: alive, and somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
