// The processes that run with a data folder, as the machine sees them: what is left over cannot hide.
import { readdirSync, readFileSync } from 'node:fs'

export type Running = { pid: number; args: string }

/** By the DATA_DIR in their environment. Linux only; elsewhere nothing is seen. */
export function processesOf(dataDir: string): Running[] {
  const read = (path: string) => {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      return '' // Gone meanwhile, or another's: none of ours.
    }
  }
  let names: string[] = []
  try {
    names = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  } catch {
    return []
  }
  return names
    .filter((pid) => read(`/proc/${pid}/environ`).split('\0').includes(`DATA_DIR=${dataDir}`))
    .map((pid) => ({ pid: Number(pid), args: read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ') }))
}
