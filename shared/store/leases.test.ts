import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../scripts/testing/mongo.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

test('of 50 that claim one lease at once exactly one gets it, a hundred times', async () => {
  const { leases } = opened.store
  for (let round = 0; round < 100; round += 1) {
    const id = `contested-${round}`
    await leases.create(id)
    const claims = await Promise.all(Array.from({ length: 50 }, (_, i) => leases.claim(id, `owner-${i}`, 60_000)))
    expect(claims.filter((one) => one.outcome === 'claimed')).toEqual([{ outcome: 'claimed', epoch: 1 }])
  }
}, 120_000)

test('an expired lease is claimed with the next epoch; a live one is not', async () => {
  const { leases } = opened.store
  await leases.create('a')
  expect(await leases.claim('a', 'one', 60_000)).toEqual({ outcome: 'claimed', epoch: 1 })
  expect(await leases.claim('a', 'two', 60_000)).toEqual({ outcome: 'taken' })
  await leases.release('a', 'one', 1)
  expect(await leases.free(10)).toContain('a')
  expect(await leases.claim('a', 'two', 60_000)).toEqual({ outcome: 'claimed', epoch: 2 })
})

test('a former owner can neither renew nor release what was taken from it', async () => {
  const { leases } = opened.store
  await leases.create('b')
  await leases.claim('b', 'old', 1)
  let taken = await leases.claim('b', 'new', 60_000)
  while (taken.outcome === 'taken') taken = await leases.claim('b', 'new', 60_000)
  expect((await leases.renew('old', 60_000)).has('b')).toBe(false)
  await leases.release('b', 'old', 1)
  expect(await leases.read('b')).toMatchObject({ owner: 'new', epoch: 2 })
  expect((await leases.renew('new', 60_000)).get('b')).toBe(2)
})
