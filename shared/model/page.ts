// Lists: `limit` (1 to 200, default 50) and an opaque `cursor`; the answer is `{ data, nextCursor }`.
import * as v from 'valibot'
import { Problem } from './problem.ts'

export const PageQuery = v.object({
  limit: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d{1,15}$/, 'must be a whole number'),
      v.transform(Number),
      v.minValue(1, 'must be at least 1'),
      v.maxValue(200, 'must be at most 200'),
    ),
    '50',
  ),
  cursor: v.optional(v.pipe(v.string(), v.maxLength(1000))),
})

/** The sort values of the last row: strings, numbers and dates only, so that a forged cursor can carry no operator. */
export type CursorValue = string | number | Date

export type Page<T> = { data: T[]; nextCursor: string | null }

export function formatCursor(list: string, values: CursorValue[]): string {
  const plain = [list, ...values.map((value) => (value instanceof Date ? { d: value.getTime() } : value))]
  return btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(plain))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/** Throws `cursor.invalid` for a cursor of another list, or anything that is no cursor. `shape` names each value's type. */
export function parseCursor(
  list: string,
  cursor: string,
  shape: readonly ('string' | 'number' | 'date')[],
): CursorValue[] {
  const fail = () =>
    new Problem('cursor.invalid', { errors: [{ path: 'cursor', message: 'is not a cursor of this list' }] })
  let plain: unknown
  try {
    const bytes = Uint8Array.from(atob(cursor.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
    plain = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw fail()
  }
  if (!Array.isArray(plain) || plain[0] !== list || plain.length !== shape.length + 1) throw fail()
  return shape.map((type, i) => {
    const value: unknown = plain[i + 1]
    if (type === 'date') {
      const ms: unknown = typeof value === 'object' && value !== null && 'd' in value ? value.d : undefined
      if (typeof ms !== 'number' || !Number.isSafeInteger(ms)) throw fail()
      return new Date(ms)
    }
    if (typeof value !== type) throw fail()
    return value as string | number
  })
}
