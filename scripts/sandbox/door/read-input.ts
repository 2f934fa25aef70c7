// The border: a body or a query becomes what its schema says, or the request is refused with the path of each fault.
import type { Context } from 'hono'
import * as v from 'valibot'

export class BadInput extends Error {
  readonly status: 400 | 413 | 422
  readonly errors: { path: string; message: string }[]

  constructor(status: BadInput['status'], detail: string, errors: BadInput['errors'] = []) {
    super(detail)
    this.name = 'BadInput'
    this.status = status
    this.errors = errors
  }
}

const check = <S extends v.GenericSchema>(schema: S, input: unknown): v.InferOutput<S> => {
  const result = v.safeParse(schema, input)
  if (result.success) return result.output
  throw new BadInput(
    422,
    'The request does not have the expected shape.',
    result.issues.map((issue) => ({ path: v.getDotPath(issue) ?? '', message: issue.message })),
  )
}

export const readBody = async <S extends v.GenericSchema>(c: Context, schema: S): Promise<v.InferOutput<S>> => {
  const text = await c.req.text()
  let body: unknown
  try {
    body = text === '' ? {} : JSON.parse(text)
  } catch {
    throw new BadInput(400, 'The body is not JSON.')
  }
  return check(schema, body)
}

export const readQuery = <S extends v.GenericSchema>(c: Context, schema: S): v.InferOutput<S> =>
  check(schema, c.req.query())
