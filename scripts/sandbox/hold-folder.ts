// One process per data folder: two writers would give one phone two lives. A holder that was killed holds nothing.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const held = new Set<string>()

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: alive, and somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const holderOf = (file: string): number | undefined => {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined
  } catch {
    // No such file: nobody holds it.
    return undefined
  }
}

/** Takes a folder, making it if need be, or throws with the process that has it; returns how to let it go. */
export const holdFolder = (dir: string): (() => void) => {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const file = join(dir, 'pid')
  const holder = holderOf(file)
  if (held.has(dir) || (holder !== undefined && holder !== process.pid && isAlive(holder))) {
    throw new Error(
      `the data folder ${dir} is held by process ${holder ?? process.pid}; stop that one, or set DATA_DIR to another folder`,
    )
  }
  held.add(dir)
  writeFileSync(file, String(process.pid), { mode: 0o600 })
  return () => {
    held.delete(dir)
    rmSync(file, { force: true })
  }
}
