import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { holdFolder } from './hold-folder.ts'
import { openStore, type Store } from './store.ts'

let dir: string
let store: Store
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wastream-store-'))
  store = openStore(dir)
})
afterEach(async () => {
  await store.close()
  rmSync(dir, { recursive: true, force: true })
})

describe('the store', () => {
  it('stores all of a commit or nothing of it, in what it has in memory too', () => {
    store.lids.put('1', 'before')
    expect(() =>
      store.commit(() => {
        store.lids.put('1', 'within')
        store.lids.put('2', 'within')
        expect(store.lids.get('1')).toBe('within')
        throw new Error('changed its mind')
      }),
    ).toThrow('changed its mind')
    expect([store.lids.get('1'), store.lids.get('2')]).toEqual(['before', undefined])
  })

  it('never gives a sequence number twice, not after a rollback nor a restart', async () => {
    const seen = new Set<number>()
    const take = (count: number) => {
      for (let i = 0; i < count; i++) {
        const seq = store.nextSeq()
        expect(seen.has(seq)).toBe(false)
        seen.add(seq)
      }
    }
    take(1500)
    expect(() =>
      store.commit(() => {
        take(1500)
        throw new Error('no')
      }),
    ).toThrow('no')
    take(3)
    await store.close()
    store = openStore(dir)
    take(3)
  })

  it('scans the rows below a prefix in the order of their numbers, and no others', () => {
    const row = { id: 'x', node: { tag: 'message', attrs: {} } } as const
    for (const seq of [11, 2, 9]) store.queue.put(['1555', 1, seq, 'message x'], row)
    store.queue.put(['1555', 10, 1, 'message x'], row)
    store.queue.put(['15550', 1, 1, 'message x'], row)
    expect(store.queue.keys(['1555', 1]).map(([, , seq]) => seq)).toEqual([2, 9, 11])
    expect([...store.queue.rows(['1555', 1], { after: 2, limit: 1 })].map(({ key }) => key[2])).toEqual([9])
    expect(store.queue.count(['1555'])).toBe(4)
  })

  it('belongs to one process at a time', () => {
    const free = holdFolder(dir)
    expect(() => holdFolder(dir)).toThrow('is held by process')
    free()
    holdFolder(dir)()
  })
})
