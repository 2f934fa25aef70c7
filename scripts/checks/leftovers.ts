// What must not stay behind in the tree: marks for later, tests switched off, and tests that sleep.
import type { SourceFile } from './source-files.ts'

type Leftover = { pattern: RegExp; reason: string; onlyIn?: RegExp; excuse?: RegExp }

const testFile = /\.test\.ts$/

const leftovers: Leftover[] = [
  { pattern: /\b(?:TODO|FIXME)\b/, reason: 'work left for later belongs into an issue, not into the tree' },
  {
    pattern: /\b(?:it|test|describe)\.only\b/,
    reason: 'one test alone hides that the others fail',
    onlyIn: testFile,
  },
  {
    pattern: /\b(?:it|test|describe)\.(?:skip|todo|fails)\b/,
    reason: 'a test that does not run promises nothing; say when it runs with skipIf or runIf, or delete it',
    onlyIn: testFile,
  },
  {
    pattern: /\bsetTimeout\(\s*(?:r|res|resolve|done|ok)\b|\bawait\s+(?:sleep|delay|setTimeout)\(/,
    reason: 'a test that sleeps is slow and still a guess: set a clock, await an event, or say `// waits: <reason>`',
    onlyIn: testFile,
    excuse: /\/\/ waits: \S/,
  },
]

/** This file and its test have to spell out what they look for. */
const ownFiles = /^scripts\/checks\/leftovers(?:\.test)?\.ts$/

export function checkLeftovers(sources: SourceFile[]): { problems: string[]; summary: string } {
  const read = sources.filter(({ path }) => !ownFiles.test(path))
  const problems = read.flatMap(({ path, text }) => {
    const rules = leftovers.filter(({ onlyIn }) => onlyIn === undefined || onlyIn.test(path))
    return text
      .split('\n')
      .flatMap((line, index) =>
        rules
          .filter(({ pattern, excuse }) => pattern.test(line) && !excuse?.test(line))
          .map(({ pattern, reason }) => `${path}:${index + 1} "${pattern.exec(line)?.[0]}": ${reason}`),
      )
  })
  return { problems, summary: `${read.length} files read` }
}
