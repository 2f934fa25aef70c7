// `npm run lock`: writes package-lock.json anew and completes it. npm leaves out a platform's optional binary when the
// registry at hand does not serve it, and then `npm ci` refuses the whole lock, on every platform. An entry with the
// version and the platform is all it needs: who is on that platform downloads it, everybody else skips it.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { missingOptionals, type Lock, type LockEntry } from './checks/locked-optionals.ts'

const operatingSystems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]
const processors = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64']

/** A platform package names its platform. Fields stand in npm's own order, so that npm leaves the file as it is. */
function platformEntry(name: string, version: string, dev: boolean): LockEntry {
  const words = name.split(/[-/]/)
  const os = operatingSystems.filter((word) => words.includes(word))
  const cpu = processors.filter((word) => words.includes(word))
  if (os.length === 0 && cpu.length === 0) throw new Error(`${name}: no platform in its name, add its entry by hand`)
  const isMusl = words.some((word) => word.startsWith('musl'))
  const isGlibc = words.some((word) => word.startsWith('gnu'))
  return {
    version,
    ...(cpu.length > 0 && { cpu }),
    ...(dev && { dev }),
    ...((isMusl || isGlibc) && { libc: [isMusl ? 'musl' : 'glibc'] }),
    optional: true,
    ...(os.length > 0 && { os }),
  }
}

const npm = spawnSync('npm', ['install', '--package-lock-only', '--ignore-scripts'], { stdio: 'inherit' })
if (npm.status !== 0) process.exit(npm.status ?? 1)

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock
const missing = missingOptionals(lock)
for (const { path, name, version, dev } of missing) {
  lock.packages[path] = platformEntry(name, version, dev)
}
const sorted = Object.entries(lock.packages).toSorted(([a], [b]) => a.localeCompare(b, 'en'))
writeFileSync('package-lock.json', `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`)
console.log(`${missing.length} platform packages completed`)
