import { describe, expect, test } from 'vitest'
import { checkFileSizes } from './file-sizes.ts'

const file = (path: string, lines: number, first = 'x') => ({ path, text: `${first}\n${'x\n'.repeat(lines - 1)}` })
const problemsOf = (...files: { path: string; text: string }[]) => checkFileSizes(files).problems

describe('a file that grew past what a reader can hold is stopped', () => {
  test('400 lines pass, 401 do not', () => {
    expect(problemsOf(file('shared/model/a.ts', 400))).toEqual([])
    expect(problemsOf(file('shared/model/a.ts', 401))).toEqual([expect.stringMatching(/^shared\/model\/a\.ts:401 /)])
  })

  test('a reason on line 1 excuses the length, an empty one does not', () => {
    expect(problemsOf(file('shared/a.ts', 900, '// long: the table of wire tokens'))).toEqual([])
    expect(problemsOf(file('shared/a.ts', 900, '// long:'))).toHaveLength(1)
  })

  test('documents may be long', () => {
    expect(problemsOf(file('README.md', 900))).toEqual([])
  })
})

describe('a name that says nothing is stopped', () => {
  test.each([
    'shared/utils.ts',
    'shared/date-utils.ts',
    'shared/helpers/date.ts',
    'functions/helper.test.ts',
    'connector/whatsapp/whatsapp.baileys.service.ts',
    'connector/sessions/session-manager.ts',
    'shared/common.ts',
    'shared/model/index.ts',
  ])('%s', (path) => {
    expect(problemsOf(file(path, 1))).toEqual([expect.stringContaining(`${path}:1 `)])
  })

  test.each([
    'scripts/embedded-mongo/indexes/index-plan.ts',
    'functions/console/index.html',
    'shared/model/service-kind.ts',
  ])('%s passes', (path) => {
    expect(problemsOf(file(path, 1))).toEqual([])
  })
})

test('the five largest and their share of all lines are told', () => {
  const files = [10, 20, 30, 40, 50, 50].map((lines, index) => file(`shared/f${index}.ts`, lines))
  expect(checkFileSizes(files).summary).toBe(
    [
      '6 files, 200 lines; the 5 largest hold 95 %',
      '     50  shared/f4.ts',
      '     50  shared/f5.ts',
      '     40  shared/f3.ts',
      '     30  shared/f2.ts',
      '     20  shared/f1.ts',
    ].join('\n'),
  )
})
