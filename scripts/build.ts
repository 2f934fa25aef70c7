// `npm run build`: the parts that ship, compiled from TypeScript to dist/, with every other file they bring along
// (pages, styles, pictures) copied beside them. Tests and scripts/ stay behind.
import { spawnSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const shipped = ['connector', 'functions', 'shared']
/** Folders that serve tests only; tsconfig.build.json leaves them out as well. */
const unshipped = new Set(['test', 'testing'])

/** Builds the project at `root` into `root/dist`, replacing what was there. Returns the compiler's exit code. */
export function build(root: string): number {
  const manifest = createRequire(join(root, 'package.json')).resolve('typescript/package.json')
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  const compiler = spawnSync(process.execPath, [join(dirname(manifest), 'bin/tsc'), '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  for (const folder of shipped) {
    cpSync(join(root, folder), join(root, 'dist', folder), {
      recursive: true,
      filter: (path) => !path.endsWith('.ts') && !unshipped.has(basename(path)),
    })
  }
  return compiler.status ?? 1
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = build(process.cwd())
