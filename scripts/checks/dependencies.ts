// Everyone installs the same bytes from wherever they install: exact versions only, and a lock file that names packages
// and their checksums but no address to download them from, for every platform.
import { missingOptionals, type Lock } from './locked-optionals.ts'

type Manifest = Partial<Record<string, unknown>>

const versionFields = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies', 'overrides']
const exactVersion = /^\d+\.\d+\.\d+(?:-[\w.-]+)?(?:\+[\w.-]+)?$/

function inexact(field: string, value: unknown): string[] {
  if (value === undefined) return []
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([name, version]) => inexact(`${field} "${name}"`, version))
  }
  const isExact = typeof value === 'string' && exactVersion.test(value)
  return isExact ? [] : [`package.json: ${field} is ${JSON.stringify(value)}, not one exact version`]
}

export function checkDependencies(manifestText: string, lockText: string): { problems: string[]; summary: string } {
  const manifest = JSON.parse(manifestText) as Manifest
  const lock = JSON.parse(lockText) as Lock
  const entries = Object.entries(lock.packages)
  const addressed = entries.filter(([, { resolved, link }]) => resolved !== undefined && link !== true)
  return {
    problems: [
      ...versionFields.flatMap((field) => inexact(field, manifest[field])),
      ...addressed.map(([name]) => `package-lock.json: "${name}" has a "resolved" address; .npmrc leaves them out`),
      ...missingOptionals(lock).map(
        ({ path }) => `package-lock.json: "${path}" is missing, npm ci refuses: npm run lock`,
      ),
    ],
    summary: `${entries.length} locked packages`,
  }
}
