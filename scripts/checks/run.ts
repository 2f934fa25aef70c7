// `npm run check`: every rule of the project, cheapest first, the tests last, so that the run's last line is theirs.
// Stops at the first step that fails, names it and exits with its code. Arguments name the steps to run (all, if none).
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { checkDependencies } from './dependencies.ts'
import { checkFileSizes } from './file-sizes.ts'
import { checkLeftovers } from './leftovers.ts'
import { readSources } from './source-files.ts'

const root = join(import.meta.dirname, '../..')
const require = createRequire(import.meta.url)
const read = (path: string) => readFileSync(join(root, path), 'utf8')

type ExitCode = number

/** Runs a package's own program with this Node, so that no shell and no PATH decide which version it is. */
function program(packageName: string, ...args: string[]): ExitCode {
  const manifestPath = join(root, 'node_modules', packageName, 'package.json')
  const { bin } = require(manifestPath) as { bin: string | Record<string, string> }
  const binName = packageName === 'typescript' ? 'tsc' : packageName
  const script = typeof bin === 'string' ? bin : bin[binName]
  if (script === undefined) throw new Error(`${packageName} has no program called ${binName}`)
  const run = spawnSync(process.execPath, [join(dirname(manifestPath), script), ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return run.status ?? 1
}

function report({ problems, summary }: { problems: string[]; summary: string }): ExitCode {
  console.log(summary)
  for (const problem of problems) console.error(problem)
  return problems.length === 0 ? 0 : 1
}

const steps: Record<string, () => ExitCode> = {
  dependencies: () => report(checkDependencies(read('package.json'), read('package-lock.json'))),
  format: () => program('oxfmt', '--check'),
  lint: () => program('oxlint', '--disable-nested-config'),
  types: () => program('typescript', '--noEmit'),
  'dead code': () => program('knip', '--no-progress'),
  'file sizes': () => report(checkFileSizes(readSources(root))),
  leftovers: () => report(checkLeftovers(readSources(root))),
  tests: () => program('vitest', 'run'),
}

const wanted = process.argv.slice(2)
for (const name of wanted.length > 0 ? wanted : Object.keys(steps)) {
  const step = steps[name]
  if (step === undefined) throw new Error(`no step called "${name}"; there are: ${Object.keys(steps).join(', ')}`)
  const started = performance.now()
  console.log(`\n— ${name}`)
  const exitCode = step()
  if (exitCode !== 0) {
    if (name !== 'tests') console.error(`\ncheck failed at: ${name}`)
    process.exit(exitCode)
  }
  if (name !== 'tests') console.log(`  ${name} ok, ${((performance.now() - started) / 1000).toFixed(1)} s`)
}
