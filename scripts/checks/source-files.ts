// What the checks read: every text file of the project that a person writes, with its path from the root.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export type SourceFile = { path: string; text: string }

const skippedFolders = new Set(['node_modules', 'dist', 'coverage', 'lint-fixtures'])
const readEndings = /\.(?:[cm]?[jt]sx?|html|css|md|toml|sh)$/

/** Sorted by path. Dot folders, built files and lint fixtures are not read. */
export function readSources(root: string, folder = ''): SourceFile[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) {
        return entry.name.startsWith('.') || skippedFolders.has(entry.name) ? [] : readSources(root, path)
      }
      return entry.isFile() && readEndings.test(entry.name)
        ? [{ path, text: readFileSync(join(root, path), 'utf8') }]
        : []
    })
}
