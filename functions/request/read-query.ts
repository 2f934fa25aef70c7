// The query of a request, parsed by its schema. A parameter given twice is refused: which one was meant is not ours to guess.
import type { Context } from 'hono'
import type * as v from 'valibot'
import { Problem } from '../../shared/model/problem.ts'
import { parseInput, type BodySchema } from './read-body.ts'

/** Throws `request.invalid`. */
export function readQuery<S extends BodySchema>(c: Context, schema: S): v.InferOutput<S> {
  const { url } = c.req
  const start = url.indexOf('?')
  const given = new Map<string, string>()
  const twice = new Set<string>()
  if (start !== -1)
    for (const [name, value] of new URLSearchParams(url.slice(start + 1)))
      if (given.has(name)) twice.add(name)
      else given.set(name, value)
  if (twice.size > 0)
    throw new Problem('request.invalid', {
      errors: [...twice].map((path) => ({ path, message: 'must be given once' })),
    })
  return parseInput(schema, Object.fromEntries(given))
}
