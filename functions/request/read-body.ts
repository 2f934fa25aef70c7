// The body of a request: JSON of a bounded size, parsed by its schema. An absent body is read as `{}`.
import type { Context } from 'hono'
import * as v from 'valibot'
import { toFaults } from '../../shared/model/faults.ts'
import { Problem } from '../../shared/model/problem.ts'

/** Largest JSON body, bytes. */
export const maxBodyBytes = 1_048_576

export type BodySchema = v.GenericSchema<unknown, unknown>

/** Throws `request.too_large`, `request.unsupported_media_type`, `request.malformed` or `request.invalid`. */
export async function readBody<S extends BodySchema>(
  c: Context,
  schema: S,
  maxBytes = maxBodyBytes,
): Promise<v.InferOutput<S>> {
  const text = await readText(c, maxBytes)
  return parseInput(schema, text === '' ? {} : parseJson(text))
}

export function parseInput<S extends BodySchema>(schema: S, input: unknown): v.InferOutput<S> {
  // An empty list has no unknown fields and would pass for an empty object.
  if (Array.isArray(input))
    throw new Problem('request.invalid', { errors: [{ path: '', message: 'must be an object' }] })
  const result = v.safeParse(schema, input)
  if (!result.success) throw new Problem('request.invalid', { errors: toFaults(result.issues) })
  return result.output
}

async function readText(c: Context, maxBytes: number): Promise<string> {
  const length = c.req.header('content-length')
  if (length !== undefined) {
    if (length === '0') return ''
    if (!(Number(length) <= maxBytes)) throw tooLarge(maxBytes)
    checkType(c)
    return c.req.text()
  }
  // No length is told: chunked, or no body at all.
  const { body } = c.req.raw
  if (!body) return ''
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  if (size > 0) checkType(c)
  const bytes = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.byteLength
  }
  return new TextDecoder().decode(bytes)
}

function checkType(c: Context): void {
  const type = c.req.header('content-type') ?? ''
  if (!/^application\/(?:[\w.+-]+\+)?json(?:\s*;|$)/i.test(type)) throw new Problem('request.unsupported_media_type')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Problem('request.malformed')
  }
}

function tooLarge(maxBytes: number): Problem {
  return new Problem('request.too_large', { detail: `A body may have at most ${maxBytes} bytes` })
}
