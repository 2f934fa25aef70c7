import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../scripts/testing/mongo.ts'
import { readOthers, readRooms } from './read-others.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

test('no share is kept for the dead, for those that drain, and for those that hold no sessions', async () => {
  const { store } = opened
  const facts = { capacity: 10, sessions: 0, rssMb: 1, version: '1', silentAfterMs: 60_000, drain: null }
  await store.connectors.report('me', facts)
  await store.connectors.report('other', facts)
  await store.connectors.report('relay-only', { ...facts, capacity: 0 })
  // Silent from its first moment on.
  await store.connectors.report('dead', { ...facts, silentAfterMs: -1 })
  await store.connectors.report('draining', { ...facts, sessions: 3 })
  await store.connectors.wishDrain('draining', true)
  const others = await readOthers(store, 'me')
  expect(others.taking.map((one) => one._id)).toEqual(['other'])
  expect(others).toMatchObject({ isDraining: false, isOtherMoving: true })
  await store.connectors.wishDrain('me', true)
  expect((await readOthers(store, 'me')).isDraining).toBe(true)
  expect((await readOthers(store, 'unseen')).isDraining, 'its document is not there').toBeUndefined()
})

test('room is what the leases say, not what a heartbeat said some seconds ago', async () => {
  const { store } = opened
  for (let i = 0; i < 4; i += 1) {
    await store.leases.create(`l${i}`)
    await store.leases.claim(`l${i}`, i < 3 ? 'one' : 'two', 60_000)
  }
  const taking = [
    { _id: 'one', capacity: 2 },
    { _id: 'two', capacity: 2 },
    { _id: 'three', capacity: 2 },
  ]
  expect(await readRooms(store, taking)).toEqual([
    { id: 'one', room: 0 },
    { id: 'two', room: 1 },
    { id: 'three', room: 2 },
  ])
})
