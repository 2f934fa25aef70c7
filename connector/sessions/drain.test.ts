import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../scripts/testing/mongo.ts'
import { createDrain } from './drain.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

const ttlMs = 600_000
let stages = 0

/** A connector that holds `count` sessions, its clock set by hand, and another that takes when it is told to. */
async function openStage(count: number) {
  const { leases } = opened.store
  const [me, other] = [`me-${(stages += 1)}`, `other-${stages}`]
  const held = new Map<string, number>()
  const said: string[] = []
  let nowMs = 0
  let closing: Promise<void>[] = []
  async function claim(sessionId: string): Promise<void> {
    const claimed = await leases.claim(sessionId, me, ttlMs)
    if (claimed.outcome === 'claimed') held.set(sessionId, claimed.epoch)
  }
  for (let i = 0; i < count; i += 1) {
    await leases.create(`${me}-s${i}`)
    await claim(`${me}-s${i}`)
  }
  const quiet = () => undefined
  const say = (_fields: object, sentence: string) => void (sentence === 'handing over' || said.push(sentence))
  const drain = createDrain({
    leases,
    held: () => [...held.keys()],
    letGo(sessionId) {
      const done = leases.release(sessionId, me, held.get(sessionId) ?? 0).then(() => void held.delete(sessionId))
      closing.push(done)
      return done
    },
    takeBack: claim,
    onChange: quiet,
    log: { trace: quiet, debug: quiet, info: say, warn: say, error: say },
    nowMs: () => nowMs,
  })
  return {
    drain,
    held,
    said,
    /** One look, and what it began is over. */
    async step(room: number | undefined) {
      await drain.step(room === undefined ? [] : [{ id: other, room }])
      await Promise.all(closing)
      closing = []
      await new Promise((resolve) => setImmediate(resolve))
    },
    pass: (ms: number) => void (nowMs += ms),
    free: async () => (await leases.free(100)).filter((id) => id.startsWith(`${me}-`)),
    /** The other takes what is free, at most so many. */
    async take(most = 100): Promise<number> {
      const free = (await leases.free(100)).filter((id) => id.startsWith(`${me}-`)).slice(0, most)
      for (const id of free) await leases.claim(id, other, ttlMs)
      return free.length
    },
    async close() {
      for (let i = 0; i < count; i += 1) await leases.remove(`${me}-s${i}`)
    },
  }
}

test('a few at a time: the next go only when others hold those before', async () => {
  const stage = await openStage(10)
  await stage.step(100)
  await stage.step(100)
  expect((await stage.free()).length).toBe(4)
  expect(await stage.take(1)).toBe(1)
  await stage.step(100)
  expect([(await stage.free()).length, stage.held.size]).toEqual([4, 5])
  await stage.close()
})

test('it is drained only when the last one has another owner, and says so once', async () => {
  const stage = await openStage(2)
  await stage.step(100)
  await stage.step(100)
  expect([stage.held.size, stage.drain.report()]).toEqual([0, { state: 'moving' }])
  await stage.take()
  for (let i = 0; i < 3; i += 1) await stage.step(100)
  expect(stage.drain.report()).toEqual({ state: 'done' })
  expect(stage.said).toEqual(['draining', 'drained: nothing is held here'])
  await stage.close()
})

test('no more go than others have room for, and what is free already has its place in it', async () => {
  const stage = await openStage(6)
  await stage.step(2)
  expect((await stage.free()).length).toBe(2)
  await stage.step(2)
  expect((await stage.free()).length, 'nobody has taken them yet').toBe(2)
  await stage.take()
  await stage.step(0)
  expect([stage.held.size, (await stage.free()).length]).toEqual([4, 0])
  expect(stage.drain.report()).toEqual({ state: 'waiting', reason: 'no_room' })
  await stage.close()
})

test('with nobody else it keeps what it holds and says once that it waits, and why', async () => {
  const stage = await openStage(3)
  for (let i = 0; i < 3; i += 1) await stage.step(undefined)
  expect(stage.held.size).toBe(3)
  expect(stage.drain.report()).toEqual({ state: 'waiting', reason: 'nobody_else' })
  expect(stage.said).toEqual(['the drain waits: there is no other connector that takes sessions'])
  await stage.step(100)
  expect(stage.drain.report(), 'somebody came').toEqual({ state: 'moving' })
  await stage.close()
})

test('what nobody takes is held again after 5 s, nothing more goes for a while, and then one at a time', async () => {
  const stage = await openStage(5)
  await stage.step(100)
  stage.pass(4_999)
  await stage.step(100)
  expect(stage.held.size, 'it has still time').toBe(1)
  stage.pass(1)
  await stage.step(100)
  expect([stage.held.size, await stage.free()]).toEqual([5, []])
  expect(stage.drain.report()).toEqual({ state: 'waiting', reason: 'not_taken' })
  stage.pass(29_999)
  await stage.step(100)
  expect(await stage.free()).toEqual([])
  stage.pass(1)
  await stage.step(100)
  await stage.step(100)
  expect((await stage.free()).length, 'one to see whether they are taken').toBe(1)
  await stage.take()
  await stage.step(100)
  expect((await stage.free()).length).toBe(4)
  await stage.close()
})

test('a session that was deleted on its way is waited for by nobody', async () => {
  const stage = await openStage(1)
  await stage.step(100)
  const [gone = ''] = await stage.free()
  await opened.store.leases.remove(gone)
  await stage.step(100)
  expect(stage.drain.report()).toEqual({ state: 'done' })
})

test('taken back, it reports nothing and begins anew when it is asked again', async () => {
  const stage = await openStage(6)
  await stage.step(100)
  stage.drain.end()
  expect([stage.drain.report(), stage.drain.isMoving()]).toEqual([null, false])
  await stage.take()
  await stage.step(100)
  expect(stage.drain.report()).toEqual({ state: 'moving' })
  await stage.close()
})
