// One MongoDB for a whole test run: the one in MONGODB_URI, or a child process in the usual order. Says which.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startChild } from './child.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    mongodbUri: string
    mongodbKind: string
  }
}

/** What the tests start as processes of their own, they start compiled. */
function compile(): void {
  const tree = resolve('dist/test')
  const tsc = resolve('node_modules/typescript/bin/tsc')
  const asIncrement = ['--incremental', '--tsBuildInfoFile', join(tree, '.tsbuildinfo')]
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.bench.json', '--noCheck', '--outDir', tree, ...asIncrement], {
    stdio: 'inherit',
  })
  process.env['WASTREAM_COMPILED'] = tree
}

let shared: Promise<{ uri: string; kind: string; close: () => Promise<void> }> | undefined
let users = 0

async function open() {
  compile()
  const dataDir = mkdtempSync(join(tmpdir(), 'wastream-test-'))
  const pass = ['MONGODB_URI', 'MONGOMS_SYSTEM_BINARY', 'MONGO_SKIP_DOWNLOAD'].flatMap((name) => {
    const value = process.env[name]
    return value ? [[name, value]] : []
  })
  const child = await startChild('scripts/mongo.ts', {
    DATA_DIR: dataDir,
    ...(Object.fromEntries(pass) as Record<string, string>),
  })
  const { uri = '', mongodb = '' } = child.ready
  process.stderr.write(`MongoDB of this run: ${mongodb}\n`)
  return {
    uri,
    kind: mongodb,
    async close() {
      await child.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  users += 1
  shared ??= open()
  const { uri, kind, close } = await shared
  project.provide('mongodbUri', uri)
  project.provide('mongodbKind', kind)
  return async () => {
    users -= 1
    if (users === 0) await close()
  }
}
