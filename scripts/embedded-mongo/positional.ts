// The positional `$`: which element of an array a filter matched.
import type { Scope } from './expressions.ts'
import { Failure } from './failure.ts'
import { compileFilter, conjuncts } from './match.ts'
import { getPath, setPath } from './paths.ts'
import type { Doc } from './values.ts'

/** Where the filter found its match in the array: the first element that satisfies every condition on that array. */
export function matchedPosition(doc: Doc, prefix: string[], filter: Doc, scope: Scope): number {
  const field = prefix.join('.')
  const array = getPath(doc, prefix)
  const conditions = conjuncts(filter).filter(([key]) => key === field || key.startsWith(`${field}.`))
  if (Array.isArray(array) && conditions.length > 0) {
    const tests = conditions.map(([key, condition]) => compileFilter({ [key]: condition }, scope))
    const fits = array.map((item) => {
      const alone: Doc = {}
      setPath(alone, prefix, [item])
      return tests.filter((test) => test(alone)).length
    })
    const most = Math.max(0, ...fits)
    if (most > 0) return fits.indexOf(most)
  }
  throw new Failure('BadValue', 'The positional operator did not find the match needed from the query.')
}
