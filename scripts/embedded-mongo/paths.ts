// Dotted paths in a document: reading, writing with creation on the way, removing, and MongoDB's reasons why not.
import { Failure } from './failure.ts'
import { isDoc, type Doc, type Value } from './values.ts'

const isIndex = (part: string): boolean => /^(0|[1-9]\d*)$/.test(part)
const maxPadding = 1_500_000

export function getPath(doc: Doc, path: string[]): Value {
  let node: Value = doc
  for (const part of path) {
    if (Array.isArray(node)) node = isIndex(part) ? node[Number(part)] : undefined
    else if (isDoc(node)) node = node[part]
    else return undefined
  }
  return node
}

function notViable(part: string, parentName: string, parent: Value): never {
  throw new Failure(
    'PathNotViable',
    `Cannot create field '${part}' in element {${parentName}: ${typeof parent === 'string' ? JSON.stringify(parent) : String(parent)}}`,
  )
}

/** The object or array that holds the last part of the path, made on the way when `create` is set. */
function holder(doc: Doc, path: string[], create: boolean): Doc | Value[] | undefined {
  let node: Value = doc
  for (let i = 0; i < path.length - 1; i++) {
    const part = path[i]!
    let next: Value
    if (Array.isArray(node)) {
      if (!isIndex(part)) {
        if (create) notViable(part, path[i - 1] ?? '', JSON.stringify(node))
        return undefined
      }
      next = node[Number(part)]
    } else next = node[part]
    if (next === undefined || (Array.isArray(node) && next === null && Number(part) >= node.length)) {
      if (!create) return undefined
      next = {}
      put(node, part, next)
    } else if (!isDoc(next) && !Array.isArray(next)) {
      if (create) notViable(path[i + 1]!, part, next)
      return undefined
    }
    node = next
  }
  return node
}

function put(node: Doc | Value[], part: string, value: Value): void {
  if (!Array.isArray(node)) {
    node[part] = value
    return
  }
  if (!isIndex(part)) notViable(part, '', JSON.stringify(node))
  const index = Number(part)
  if (index - node.length > maxPadding) throw new Failure('BadValue', `can't backfill more than ${maxPadding} elements`)
  while (node.length < index) node.push(null)
  node[index] = value
}

export function setPath(doc: Doc, path: string[], value: Value): void {
  put(holder(doc, path, true)!, path.at(-1)!, value)
}

/** Removes a field; an array element becomes null, as `$unset` leaves it. */
export function unsetPath(doc: Doc, path: string[]): void {
  const node = holder(doc, path, false)
  const last = path.at(-1)!
  if (Array.isArray(node)) {
    if (isIndex(last) && Number(last) < node.length) node[Number(last)] = null
  } else if (node) delete node[last]
}
