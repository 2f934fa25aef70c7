// Sorting by a specification: each document's sort key is the bytes an index over the same fields would hold.
import { Failure } from './failure.ts'
import { orderKey } from './order.ts'
import { leavesOf } from './match.ts'
import { isDoc, toNumber, type Doc, type Value } from './values.ts'

export type SortKey = (doc: Doc) => Buffer

/** Ascending takes an array's smallest element, descending its largest. */
export function compileSort(sort: Doc): SortKey {
  const fields = Object.entries(sort).map(([path, direction]) => {
    if (isDoc(direction)) throw new Failure('NotImplemented', '$meta sorts are not served by the embedded MongoDB')
    const sign = toNumber(direction)
    if (sign !== 1 && sign !== -1)
      throw new Failure('BadValue', '$sort key ordering must be 1 (for ascending) or -1 (for descending)')
    return { leaves: leavesOf(path), descending: sign < 0 }
  })
  return (doc) => {
    const parts = fields.map(({ leaves, descending }) => {
      let least: Buffer | undefined
      const take = (value: Value): void => {
        const key = orderKey(value, descending)
        if (!least || Buffer.compare(key, least) < 0) least = key
      }
      leaves(doc, (value) => {
        if (!Array.isArray(value)) take(value === undefined ? null : value)
        else if (value.length === 0) take(undefined)
        else value.forEach(take)
        return false
      })
      return least ?? orderKey(null, descending)
    })
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }
}

export function sortComparator(sort: Doc): (a: Doc, b: Doc) => number {
  const key = compileSort(sort)
  const keys = new Map<Doc, Buffer>()
  const keyOf = (doc: Doc): Buffer => {
    let known = keys.get(doc)
    if (!known) keys.set(doc, (known = key(isDoc(doc) ? doc : {})))
    return known
  }
  return (a, b) => Buffer.compare(keyOf(a), keyOf(b))
}
