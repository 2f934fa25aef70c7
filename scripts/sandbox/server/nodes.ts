// Small words for building the nodes that the server sends.
import type { BinaryNode } from '@whiskeysockets/baileys'

/** A node; attributes that are undefined are left out. */
export const node = (
  tag: string,
  attrs: Record<string, string | number | undefined> = {},
  content?: BinaryNode['content'],
): BinaryNode => {
  const kept: BinaryNode['attrs'] = {}
  for (const [name, value] of Object.entries(attrs)) if (value !== undefined) kept[name] = String(value)
  return content === undefined ? { tag, attrs: kept } : { tag, attrs: kept, content }
}

export const children = (parent: BinaryNode | undefined, tag?: string): BinaryNode[] =>
  Array.isArray(parent?.content) ? parent.content.filter((child) => tag === undefined || child.tag === tag) : []

export const child = (parent: BinaryNode | undefined, tag: string): BinaryNode | undefined => children(parent, tag)[0]

/** The bytes of a child, or undefined when it has none. */
export const bytesOf = (parent: BinaryNode | undefined, tag: string): Buffer | undefined => {
  const content = child(parent, tag)?.content
  if (typeof content === 'string') return Buffer.from(content)
  return content instanceof Uint8Array ? Buffer.from(content) : undefined
}

export const unixSeconds = (ms: number = Date.now()): number => Math.floor(ms / 1000)
