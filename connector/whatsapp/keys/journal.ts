// Stanzas that are decrypted and durable but whose consequence is not stored yet, and, for a day, which are done.
// A crash or a drop anywhere between leaves a row here; the next start replays it before it connects.
import { createHash } from 'node:crypto'
import {
  cleanMessage,
  decodeBinaryNode,
  decodeMessageNode,
  encodeBinaryNode,
  type BinaryNode,
  type WAMessageKey,
} from '@whiskeysockets/baileys'
import type { KeyMemory } from './key-memory.ts'
import type { Mutations } from './mutations.ts'

export const journalType = 'journal'
const doneForMs = 86_400_000
/** Bytes of a stanza. A larger one is not kept: it would fit into no row, and everything behind it would wait for ever. */
const largestKept = 3_000_000

/** `n` grows with every stanza: a fold keeps rows by their hash, and forgets in which order they came. */
type Row = { node: Uint8Array; plaintext: Uint8Array; key: string; n?: number } | { doneAt: number }
type PendingRow = Extract<Row, { node: Uint8Array }>

export type Journal = {
  /** What to answer for this ciphertext: its plaintext, that it is done, or nothing known. */
  answer(hash: string): Uint8Array | 'done' | undefined
  /** The part of a decryption's commit that keeps stanza and plaintext. */
  entry(hash: string, node: BinaryNode, plaintext: Uint8Array): Mutations
  /** The consequence of this message is stored: its stanzas need not be replayed. Durable with the next commit. */
  finish(messageKey: string): void
  isPending(messageKey: string): boolean
  /** Stanzas to replay, in the order they were received, with the plaintext of each of their ciphertexts. */
  pending(): Promise<{ node: BinaryNode; plaintexts: Map<string, Uint8Array> }[]>
  /** Drops `done` marks older than a day. */
  prune(now: number): void
  pendingCount(): number
}

export function hashCiphertext(ciphertext: Uint8Array): string {
  return createHash('sha256').update(ciphertext).digest('base64url').slice(0, 32)
}

/** The identity that a stanza has before decryption and its message has after it. */
export function toMessageKeyText(key: WAMessageKey): string {
  return `${key.remoteJid ?? ''}|${key.fromMe ? 1 : 0}|${key.participant ?? ''}|${key.id ?? ''}`
}

export function createJournal(memory: KeyMemory, me: () => { id: string; lid: string }): Journal {
  const rows = () => memory.entries(journalType) as IterableIterator<[string, Row]>
  const isRowPending = (row: Row | undefined): row is PendingRow => row !== undefined && 'node' in row
  const byKey = new Map<string, Set<string>>()
  const remember = (key: string, hash: string) => {
    const hashes = byKey.get(key) ?? new Set()
    byKey.set(key, hashes.add(hash))
  }
  let lastN = 0
  for (const [hash, row] of rows()) {
    if (!isRowPending(row)) continue
    remember(row.key, hash)
    lastN = Math.max(lastN, row.n ?? 0)
  }

  return {
    answer(hash) {
      const row = memory.peek(journalType, hash) as Row | undefined
      if (!row) return undefined
      return isRowPending(row) ? row.plaintext : 'done'
    },
    entry(hash, node, plaintext) {
      const { id, lid } = me()
      const stanza = encodeBinaryNode(node)
      if (stanza.byteLength > largestKept) return { [journalType]: {} }
      const { fullMessage } = decodeMessageNode(node, id, lid)
      cleanMessage(fullMessage, id, lid)
      const key = toMessageKeyText(fullMessage.key)
      remember(key, hash)
      const row: Row = { node: stanza, plaintext, key, n: (lastN += 1) }
      return { [journalType]: { [hash]: row } }
    },
    finish(messageKey) {
      const hashes = byKey.get(messageKey)
      if (!hashes) return
      byKey.delete(messageKey)
      const done = Object.fromEntries([...hashes].map((hash) => [hash, { doneAt: Date.now() }]))
      // Losing this mark costs a replay of what is stored already, which changes nothing: it need not be waited for.
      memory.applyLazily({ [journalType]: done })
    },
    isPending: (messageKey) => byKey.has(messageKey),
    async pending() {
      const stanzas = new Map<string, { node: BinaryNode; plaintexts: Map<string, Uint8Array> }>()
      const inOrder = [...rows()].flatMap(([hash, row]) => (isRowPending(row) ? [{ hash, row }] : []))
      for (const { hash, row } of inOrder.sort((a, b) => (a.row.n ?? 0) - (b.row.n ?? 0))) {
        const id = Buffer.from(row.node).toString('base64')
        const stanza = stanzas.get(id) ?? {
          node: await decodeBinaryNode(Buffer.from(row.node)),
          plaintexts: new Map<string, Uint8Array>(),
        }
        stanza.plaintexts.set(hash, row.plaintext)
        stanzas.set(id, stanza)
      }
      return [...stanzas.values()]
    },
    prune(now) {
      const old: Record<string, null> = {}
      for (const [hash, row] of rows()) if ('doneAt' in row && now - row.doneAt > doneForMs) old[hash] = null
      if (Object.keys(old).length > 0) memory.applyLazily({ [journalType]: old })
    },
    pendingCount: () => byKey.size,
  }
}

/** Every ciphertext of a message stanza. */
export function ciphertextsOf(node: BinaryNode): Uint8Array[] {
  if (!Array.isArray(node.content)) return []
  return node.content.flatMap((child) =>
    child.tag === 'enc' && child.content instanceof Uint8Array ? [child.content] : [],
  )
}
