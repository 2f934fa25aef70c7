import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../scripts/testing/mongo.ts'
import { deleteSession } from './delete-session.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

test('a session made again under an old id is held at once, however many owners the old one had', async () => {
  const { store } = opened
  const create = async () => {
    await store.sessions.create('again', {})
    await store.leases.create('again')
  }
  await create()
  let epoch = 0
  for (let owner = 1; owner <= 5; owner += 1) {
    const claim = await store.leases.claim('again', `owner-${owner}`, 60_000)
    epoch = claim.outcome === 'claimed' ? claim.epoch : -1
    await store.auth.fence('again', epoch, `fence/${epoch}`)
    if (owner < 5) await store.leases.release('again', `owner-${owner}`, epoch)
  }
  await deleteSession(store, 'again')
  await create()
  const claim = await store.leases.claim('again', 'the new one', 60_000)
  expect(claim.outcome).toBe('claimed')
  const now = claim.outcome === 'claimed' ? claim.epoch : -1
  expect(now, 'epochs never go back').toBeGreaterThan(epoch)
  await store.auth.fence('again', now, `fence/${now}`)
})
