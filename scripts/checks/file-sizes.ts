// One promise per file: no file over the ceiling unless its first line says `// long: <reason>`, and no file whose name
// says nothing. Prints the five largest files and their share of all lines, the two numbers worth watching.
import type { SourceFile } from './source-files.ts'

const ceilingLines = 400
const watchedFiles = 5
const codeEndings = /\.(?:[cm]?[jt]sx?|html|css)$/

const emptyWords = /(?:^|[-.])(?:utils?|helpers?|common|misc)(?:[-.]|$)/
const emptyLastWord = /(?:^|[-.])(?:services?|managers?)$/

function isEmptyName(name: string): boolean {
  return emptyWords.test(name) || emptyLastWord.test(name)
}

function nameProblems(path: string): string[] {
  const parts = path.split('/')
  const file = parts.pop() ?? ''
  const name = file.replace(codeEndings, '').replace(/(?:\.e2e)?\.test$/, '')
  const barrel = name === 'index' && !file.endsWith('.html')
  const bad = [...parts, name].find(isEmptyName) ?? (barrel ? name : undefined)
  return bad === undefined ? [] : [`${path}:1 "${bad}" does not say what is inside; name it after its promise`]
}

const lineCount = (text: string) => text.split('\n').length - (text.endsWith('\n') ? 1 : 0)

export function checkFileSizes(sources: SourceFile[]): { problems: string[]; summary: string } {
  const files = sources
    .filter(({ path }) => codeEndings.test(path))
    .map(({ path, text }) => ({ path, lines: lineCount(text), isExcused: /^\/\/ long: \S/.test(text) }))
  const problems = files.flatMap(({ path, lines, isExcused }) => [
    ...nameProblems(path),
    ...(lines > ceilingLines && !isExcused
      ? [`${path}:${lines} ${lines} lines, over ${ceilingLines}: split it, or say why on line 1 (// long: <reason>)`]
      : []),
  ])
  const total = files.reduce((sum, { lines }) => sum + lines, 0)
  const largest = files.toSorted((a, b) => b.lines - a.lines).slice(0, watchedFiles)
  const share = total === 0 ? 0 : largest.reduce((sum, { lines }) => sum + lines, 0) / total
  const rows = largest.map(({ path, lines }) => `  ${String(lines).padStart(5)}  ${path}`)
  const headline = `${files.length} files, ${total} lines; the ${largest.length} largest hold ${Math.round(share * 100)} %`
  return { problems, summary: [headline, ...rows].join('\n') }
}
