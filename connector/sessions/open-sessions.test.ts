import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openTestStore, type TestStore } from '../../scripts/testing/mongo.ts'
import type { Feed } from '../../shared/store/feed.ts'
import { openHeartbeat, type Heartbeat } from '../heartbeat.ts'
import { createClientVersion } from '../whatsapp/client-version.ts'
import { createConnectGate } from './connect-gate.ts'
import { openOutside } from '../outside/open-outside.ts'
import { openSessions, type Sessions } from './open-sessions.ts'
import { graceMs, toTaker } from './share.ts'

let opened: TestStore
let feed: Feed
let running: Connector[]
beforeEach(async () => {
  opened = await openTestStore()
  feed = await opened.store.openFeed()
  running = []
  handedOver.length = 0
})
afterEach(async () => {
  for (const one of running) await one.stop()
  await feed.close()
  await opened.close()
})

const quiet = () => undefined
/** Sessions that a drain let go, each time. */
const handedOver: string[] = []
const noted = ({ sessionId }: { sessionId?: unknown }, sentence: string) =>
  void (sentence === 'handing over' && handedOver.push(String(sessionId)))
const lines = { trace: quiet, debug: quiet, info: noted, warn: quiet, error: quiet }
/** On a machine that has no time, what was let go is taken back and rests for half a minute. */
const waitMs = { timeout: 90_000, interval: 20 }
vi.setConfig({ testTimeout: 120_000 })

/** A session that is stopped: it is held like any other and connects nowhere. */
async function createStopped(ids: string[]): Promise<void> {
  const { store } = opened
  for (const id of ids) {
    await store.sessions.create(id, {})
    await store.sessions.want(id, 'stopped')
    await store.leases.create(id)
  }
}
const named = (count: number) => Array.from({ length: count }, (_, i) => `s${i}`)

function open(owner: string, more: { leaseTtlMs?: number; maxSessions?: number; onDrain?: () => void } = {}): Sessions {
  return openSessions({
    store: opened.store,
    feed,
    owner,
    leaseTtlMs: 9_000,
    maxSessions: 100,
    gate: createConnectGate({ places: 1, jitterMs: 0 }),
    clientVersion: createClientVersion({ fixed: undefined }),
    log: { ...lines, child: () => lines },
    urlFor: () => Promise.resolve(undefined),
    media: {
      gate: createConnectGate({ places: 1, jitterMs: 0 }),
      maxBytes: 1,
      outside: openOutside({ allowPrivate: false }),
      placeOf: () => undefined,
    },
    ...more,
  })
}

type Connector = { sessions: Sessions; heartbeat: Heartbeat; stop(): Promise<void> }

/** The half of a connector process that holds sessions, as `main.ts` puts it together. */
async function start(id: string, capacity = 100): Promise<Connector> {
  let sessions: Sessions | undefined
  const heartbeat = await openHeartbeat({
    connectors: opened.store.connectors,
    id,
    capacity,
    leaseTtlMs: 9_000,
    relayUrl: undefined,
    version: '1',
    sessions: () => sessions?.held().length ?? 0,
    drain: () => sessions?.drain() ?? null,
    log: lines,
  })
  sessions = open(id, { maxSessions: capacity, onDrain: () => void heartbeat.beat() })
  const one = {
    sessions,
    heartbeat,
    async stop() {
      running = running.filter((other) => other !== one)
      await heartbeat.close()
      await one.sessions.close()
    },
  }
  running.push(one)
  return one
}
const holds = (one: Connector) => one.sessions.held().length
const epochs = (ids: string[]) => Promise.all(ids.map(async (id) => (await opened.store.leases.read(id))?.epoch))

test('a lease of ours that no session stands for (its claim was never answered) is given back, and the session held', async () => {
  const { store } = opened
  await createStopped(['orphan'])
  await store.leases.claim('orphan', 'me', 60_000)
  const sessions = open('me', { leaseTtlMs: 1_000 })
  await expect.poll(() => sessions.held(), waitMs).toEqual(['orphan'])
  await expect.poll(async () => (await store.sessions.read('orphan'))?.status, waitMs).toBe('inactive')
  await sessions.close()
  expect((await store.leases.read('orphan'))?.owner, 'given back at the end').toBeNull()
})

test('of what is free a connector takes its share, and the share of another only when that left it free for a while', async () => {
  const { store } = opened
  const ids = named(14)
  await createStopped(ids)
  // Awake, and takes nothing.
  const facts = { capacity: 100, sessions: 0, rssMb: 1, version: '1', silentAfterMs: 600_000, drain: null }
  await store.connectors.report('idle', facts)
  await createStopped(['clock'])
  const ttlMs = 600_000
  /** When it was claimed, by the server's clock. */
  const claimedAt = async (id: string) => ((await store.leases.read(id))?.expiresAt.getTime() ?? 0) - ttlMs
  await store.leases.claim('clock', 'clock', ttlMs)
  const startedAt = await claimedAt('clock')

  const sessions = open('me', { leaseTtlMs: ttlMs })
  await expect.poll(() => sessions.held().length, waitMs).toBe(14)
  // With every one it takes, less falls to it: what is the other's now stays so.
  const rooms = ['me', 'idle'].map((id) => ({ id, room: 100 }))
  const others = ids.filter((id) => toTaker(id, rooms) === 'idle')
  expect(others.length).toBeGreaterThan(3)
  for (const id of others) expect((await claimedAt(id)) - startedAt).toBeGreaterThanOrEqual(graceMs)
  await sessions.close()
})

test('two that join at once hold each session once between them, both up to their capacity and not over it', async () => {
  const ids = named(12)
  await createStopped(ids)
  const both = await Promise.all([start('a', 4), start('b', 5)])
  await expect.poll(() => both.map(holds), waitMs).toEqual([4, 5])
  const third = await start('c', 5)
  await expect.poll(() => holds(third), waitMs).toBe(3)
  expect(both.map(holds)).toEqual([4, 5])
  expect(await epochs(ids), 'nothing changed hands').toEqual(ids.map(() => 1))
})

test('one that joins takes nothing that is held, and what becomes free is held again', async () => {
  const ids = named(6)
  await createStopped(ids)
  const first = await start('a')
  await expect.poll(() => holds(first), waitMs).toBe(6)
  const second = await start('b')
  const third = await start('c')
  await createStopped(named(10).slice(6))
  await expect.poll(() => holds(first) + holds(second) + holds(third), waitMs).toBe(10)
  expect(await epochs(ids)).toEqual(ids.map(() => 1))
  await first.stop()
  await expect.poll(() => holds(second) + holds(third), waitMs).toBe(10)
  expect(await epochs(ids)).toEqual(ids.map(() => 2))
})

test('drained, a connector holds nothing, says so and takes nothing; asked back, it takes again', async () => {
  const { connectors } = opened.store
  const ids = named(6)
  await createStopped(ids)
  const first = await start('a')
  await expect.poll(() => holds(first), waitMs).toBe(6)
  const second = await start('b')
  await connectors.wishDrain('a', true)
  await expect
    .poll(() => connectors.read('a'), waitMs)
    .toMatchObject({ draining: true, sessions: 0, drain: { state: 'done' } })
  expect([holds(first), holds(second)]).toEqual([0, 6])
  // Once each; twice, what was taken back because nobody had the time to take it.
  const times = ids.map((id) => handedOver.filter((one) => one === id).length)
  expect(Math.min(...times)).toBeGreaterThan(0)
  expect(await epochs(ids), 'each changed hands as it was handed over').toEqual(times.map((n) => 1 + n))
  await createStopped(named(9).slice(6))
  await expect.poll(() => holds(second), waitMs).toBe(9)
  expect(holds(first)).toBe(0)

  await connectors.wishDrain('a', false)
  await expect.poll(() => first.sessions.drain(), waitMs).toBeNull()
  await connectors.wishDrain('b', true)
  await expect.poll(() => [holds(first), holds(second)], waitMs).toEqual([9, 0])
})

test('a drain goes as far as others have room, waits with the rest, and goes on when one more joins', async () => {
  const { connectors } = opened.store
  const ids = named(8)
  await createStopped(ids)
  const first = await start('a')
  await expect.poll(() => holds(first), waitMs).toBe(8)
  await first.heartbeat.askDrain()
  const waits = (reason: string) => ({ draining: true, drain: { state: 'waiting', reason } })
  await expect.poll(() => connectors.read('a'), waitMs).toMatchObject(waits('nobody_else'))
  expect(holds(first)).toBe(8)
  const second = await start('b', 3)
  await expect.poll(() => connectors.read('a'), waitMs).toMatchObject(waits('no_room'))
  expect([holds(first), holds(second)]).toEqual([5, 3])
  const third = await start('c', 5)
  await expect.poll(() => connectors.read('a'), waitMs).toMatchObject({ drain: { state: 'done' } })
  expect([holds(first), holds(second), holds(third)]).toEqual([0, 3, 5])
})

test('stopped in the midst of a drain it gives everything back at once', async () => {
  const { leases } = opened.store
  const ids = named(8)
  await createStopped(ids)
  const first = await start('a')
  await expect.poll(() => holds(first), waitMs).toBe(8)
  const second = await start('b')
  await first.heartbeat.askDrain()
  await expect.poll(() => holds(second), waitMs).toBeGreaterThan(0)
  await first.stop()
  const owners = await Promise.all(ids.map(async (id) => (await leases.read(id))?.owner))
  expect(owners).not.toContain('a')
  await expect.poll(() => holds(second), waitMs).toBe(8)
})
