import { expect, test } from 'vitest'
import { createJournal, hashCiphertext, journalType } from './journal.ts'
import type { KeyMemory } from './key-memory.ts'

const me = () => ({ id: '15550000001:1@s.whatsapp.net', lid: '100:1@lid' })
const rows = new Map<string, unknown>()
const memory = {
  entries: () => rows.entries(),
  peek: (_type: string, id: string) => rows.get(id),
} as unknown as KeyMemory

const receive = (journal: ReturnType<typeof createJournal>, id: string): void => {
  const ciphertext = Buffer.from(`ciphertext of ${id}`)
  const node = {
    tag: 'message',
    attrs: { id, from: '15550000002@s.whatsapp.net', t: '1', type: 'text' },
    content: [{ tag: 'enc', attrs: { v: '2', type: 'msg' }, content: ciphertext }],
  }
  const written = journal.entry(hashCiphertext(ciphertext), node, Buffer.from(id))[journalType] ?? {}
  for (const [hash, row] of Object.entries(written)) rows.set(hash, row)
}

test('what is replayed comes in the order it was received, also after a fold that kept it by its hash', async () => {
  const ids = Array.from({ length: 12 }, (_, i) => `M${i}`)
  const first = createJournal(memory, me)
  for (const id of ids.slice(0, 6)) receive(first, id)
  const next = createJournal(memory, me)
  for (const id of ids.slice(6)) receive(next, id)
  const byHash = [...rows].sort(([a], [b]) => (a < b ? -1 : 1))
  rows.clear()
  for (const [hash, row] of byHash) rows.set(hash, row)

  const pending = await createJournal(memory, me).pending()
  expect(pending.map(({ node }) => node.attrs['id'])).toEqual(ids)
})

test('a stanza that no row could take is not kept, and the commit goes on without it', () => {
  const ciphertext = Buffer.alloc(3_500_000)
  const node = {
    tag: 'message',
    attrs: { id: 'M', from: '15550000002@s.whatsapp.net', t: '1', type: 'text' },
    content: [{ tag: 'enc', attrs: { v: '2', type: 'msg' }, content: ciphertext }],
  }
  const journal = createJournal(memory, me)
  const before = journal.pendingCount()
  expect(journal.entry(hashCiphertext(ciphertext), node, ciphertext)).toEqual({ [journalType]: {} })
  expect(journal.pendingCount()).toBe(before)
})
