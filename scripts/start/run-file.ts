// What `npm start` runs at the moment, for the other commands on this machine. Readable by its owner only.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export type RunFile = { api: string; mongodbUri: string; sandbox?: string | undefined }

const pathOf = (dataDir: string) => join(dataDir, 'run.json')

export function writeRunFile(dataDir: string, run: RunFile): void {
  writeFileSync(pathOf(dataDir), JSON.stringify(run), { mode: 0o600 })
}

/** `undefined` when nothing runs with this data folder. */
export function readRunFile(dataDir: string): RunFile | undefined {
  try {
    return JSON.parse(readFileSync(pathOf(dataDir), 'utf8')) as RunFile
  } catch {
    return undefined // No file, or half of one: as good as none.
  }
}

export function removeRunFile(dataDir: string): void {
  rmSync(pathOf(dataDir), { force: true })
}
