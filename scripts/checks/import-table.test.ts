import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'

// A fixture line that ends in `// breaks: <rule>` must be reported for that rule, and nothing else may be.

const fixtures = join(import.meta.dirname, 'lint-fixtures')
const config = join(import.meta.dirname, '../../.oxlintrc.json')
const oxlint = join(import.meta.dirname, '../../node_modules/oxlint/bin/oxlint')

type Diagnostic = { code: string; message: string; filename: string; labels: { span: { line: number } }[] }

/** `connector/relay/push.ts:1 relay-apart` for each finding, sorted. */
function findingsIn(tree: string): string[] {
  const args = [oxlint, '--config', 'oxlint.json', '--format', 'json', tree]
  const run = spawnSync(process.execPath, args, { cwd: fixtures, encoding: 'utf8' })
  const { diagnostics } = JSON.parse(run.stdout) as { diagnostics: Diagnostic[] }
  return diagnostics
    .map(({ code, message, filename, labels }) => {
      const rule = code === 'wastream(import-table)' ? /^\[(.+?)\]/.exec(message)?.[1] : /\((.+)\)/.exec(code)?.[1]
      return `${filename.slice(tree.length + 1)}:${labels[0]?.span.line} ${rule}`
    })
    .toSorted()
}

function expectedIn(tree: string): string[] {
  return readdirSync(join(fixtures, tree), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) =>
      readFileSync(join(fixtures, tree, path), 'utf8')
        .split('\n')
        .flatMap((line, index) => {
          const rule = /\/\/ breaks: (\S+)$/.exec(line)?.[1]
          return rule === undefined ? [] : [`${path}:${index + 1} ${rule}`]
        }),
    )
    .toSorted()
}

describe('the linter holds the borders between the folders', () => {
  let broken: string[] = []
  beforeAll(() => {
    broken = findingsIn('breaks')
  })

  test('every line that breaks a rule is reported for that rule, and no other line is', () => {
    expect(broken).toEqual(expectedIn('breaks'))
  })

  test('every row of the table is proven by a line that breaks it', () => {
    const { rules } = JSON.parse(readFileSync(config, 'utf8')) as {
      rules: { 'wastream/import-table': [string, { row: string }[]] }
    }
    const rows = rules['wastream/import-table'][1].map(({ row }) => row)
    const proven = new Set(broken.map((finding) => finding.split(' ')[1]))
    expect(rows.filter((row) => !proven.has(row))).toEqual([])
  })

  test('a tree that keeps to the table passes', () => {
    expect(findingsIn('clean')).toEqual([])
  })
})
