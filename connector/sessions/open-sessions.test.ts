import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../scripts/testing/mongo.ts'
import { createClientVersion } from '../whatsapp/client-version.ts'
import { createConnectGate } from './connect-gate.ts'
import { openSessions } from './open-sessions.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

const quiet = () => undefined
const lines = { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet }

test('a lease of ours that no session stands for (its claim was never answered) is given back, and the session held', async () => {
  const { store } = opened
  const feed = await store.openFeed()
  await store.sessions.create('orphan', {})
  await store.sessions.want('orphan', 'stopped')
  await store.leases.create('orphan')
  await store.leases.claim('orphan', 'me', 60_000)
  const sessions = openSessions({
    store,
    feed,
    owner: 'me',
    leaseTtlMs: 1_000,
    maxSessions: 10,
    gate: createConnectGate({ places: 1, jitterMs: 0 }),
    clientVersion: createClientVersion({ fixed: undefined }),
    log: { ...lines, child: () => lines },
    urlFor: () => Promise.resolve(undefined),
  })
  await expect.poll(() => sessions.held(), { timeout: 10_000 }).toEqual(['orphan'])
  await expect.poll(async () => (await store.sessions.read('orphan'))?.status, { timeout: 10_000 }).toBe('inactive')
  await sessions.close()
  await feed.close()
  expect((await store.leases.read('orphan'))?.owner, 'given back at the end').toBeNull()
})
