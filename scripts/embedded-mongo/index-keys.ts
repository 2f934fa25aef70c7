// The keys a document has in an index, in BSON order, one for each element of an array it meets.
import type { Index } from './catalog.ts'
import { Failure } from './failure.ts'
import { keptKeyBytes, cut, orderKey } from './order.ts'
import { prefixKey } from './storage.ts'
import { isDoc, toNumber, type Doc, type Value } from './values.ts'

/** Ends the indexed values; below every rank and above the continuation of a text, see `order.ts`. */
const endMarker = Buffer.from([0x04])

export type IndexKeys = { keys: Buffer[]; multikey: number[]; isCut: boolean }

const none: IndexKeys = { keys: [], multikey: [], isCut: false }

export const isDescending = (direction: Value): boolean => toNumber(direction) < 0

export function keysOf(index: Index, doc: Doc): IndexKeys {
  if (index.matchesPartial && !index.matchesPartial(doc)) return none
  const fields = Object.entries(index.key)
  if (index.sparse && fields.every(([path]) => !has(doc, path.split('.')))) return none
  const multikey = new Set<number>()
  const rows = expand(
    fields.map(([path], position) => ({ node: doc as Value, path: path.split('.'), position })),
    multikey,
  )
  const keys = new Map<string, Buffer>()
  let isCut = false
  for (const row of rows) {
    const parts = row.map((value, i) => orderKey(value, isDescending(fields[i]![1])))
    const whole = Buffer.concat([...parts, endMarker])
    isCut ||= whole.length > keptKeyBytes
    const key = prefixKey(index.id, cut(whole))
    keys.set(key.toString('latin1'), key)
  }
  return { keys: [...keys.values()], multikey: [...multikey], isCut }
}

type Cursor = { node: Value; path: string[]; position: number }

/** Fields that run through the same array move through it together; two different arrays cannot be indexed together. */
function expand(cursors: Cursor[], multikey: Set<number>): Value[][] {
  const ready = cursors.map(advance)
  const arrays = ready.filter(({ node }) => Array.isArray(node))
  if (arrays.length === 0) return [ready.map(({ node }) => node)]
  const array = arrays[0]!.node as Value[]
  if (arrays.some(({ node }) => node !== array))
    throw new Failure('CannotIndexParallelArrays', 'cannot index parallel arrays')
  for (const { position } of arrays) multikey.add(position)
  if (array.length === 0)
    return [ready.map(({ node, path }) => (node === array ? (path.length === 0 ? undefined : null) : leaf(node)))]
  return array
    .flatMap((item) =>
      expand(
        ready.map((cursor) =>
          cursor.node === array
            ? { ...cursor, node: cursor.path.length === 0 ? new Element(item) : isDoc(item) ? item : new Element(null) }
            : cursor,
        ),
        multikey,
      ),
    )
    .map((row) => row.map(leaf))
}

/** A value already taken out of an array: an array inside it is a value, not more elements. */
class Element {
  readonly value: Value
  constructor(value: Value) {
    this.value = value
  }
}

const leaf = (node: Value): Value => (node instanceof Element ? node.value : node)

function advance(cursor: Cursor): Cursor {
  let { node, path } = cursor
  while (path.length > 0 && !(node instanceof Element)) {
    if (Array.isArray(node)) {
      if (!/^\d+$/.test(path[0]!) || node.some(isDoc)) break
      node = node[Number(path[0])]
    } else node = isDoc(node) ? node[path[0]!] : undefined
    path = path.slice(1)
  }
  if (node instanceof Element) path = []
  return { node: node === undefined && path.length === 0 ? null : node, path, position: cursor.position }
}

function has(node: Value, path: string[]): boolean {
  if (path.length === 0) return node !== undefined
  if (Array.isArray(node)) return node.some((item) => has(item, path))
  return isDoc(node) && has(node[path[0]!], path.slice(1))
}
