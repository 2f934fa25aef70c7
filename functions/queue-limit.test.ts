// How many commands may wait, and what it costs to know.
import { expect, test } from 'vitest'
import { createQueueLimit } from './queue-limit.ts'
import { openTestApi } from '../scripts/testing/api.ts'

function limited(limit: number) {
  const state = { nowMs: 0, queued: 0, counts: 0 }
  const queue = createQueueLimit({
    limit,
    monotonicMs: () => state.nowMs,
    commands: {
      countQueued: async (_sessionId, most) => {
        state.counts += 1
        return Math.min(state.queued, most)
      },
    },
  })
  return {
    state,
    accept: async (): Promise<boolean> => {
      const giveBack = await queue.take('s')
      if (giveBack) state.queued += 1
      giveBack?.(true)
      return giveBack !== undefined
    },
    take: () => queue.take('s'),
  }
}

test('a burst between two counts is counted by ourselves: not one more than the limit', async () => {
  const { state, accept } = limited(1_000)
  const taken = await Promise.all(Array.from({ length: 1_500 }, () => accept()))
  expect(taken.filter(Boolean)).toHaveLength(1_000)
  expect(state).toMatchObject({ queued: 1_000, counts: 1 })
})

test('far from the limit hours of messages cost one count', async () => {
  const { state, accept } = limited(1_000)
  for (let i = 0; i < 9; i += 1) {
    expect(await accept()).toBe(true)
    state.queued = 0
    state.nowMs += 3_600_000
  }
  expect(state.counts).toBe(1)
})

test('a full queue is looked at a few times a second, and takes what it has room for', async () => {
  const { state, accept } = limited(10)
  for (let i = 0; i < 10; i += 1) await accept()
  for (let i = 0; i < 100; i += 1) expect(await accept()).toBe(false)
  expect(state.counts).toBe(1)
  state.queued = 8
  state.nowMs += 250
  expect([await accept(), await accept(), await accept()]).toEqual([true, true, false])
  expect(state.counts).toBe(2)
})

test('what another process accepts is seen by the next count', async () => {
  const { state, accept } = limited(10)
  await accept()
  state.queued = 10
  state.nowMs += 1_000
  expect(await accept()).toBe(false)
})

test('what was not stored takes no place', async () => {
  const { take, accept } = limited(1)
  ;(await take())?.(false)
  expect(await accept()).toBe(true)
})

test('beyond the limit the answer is 429 with Retry-After and nothing is stored; a repeated key gets its first answer', async () => {
  const api = await openTestApi({ env: { MAX_QUEUED_PER_SESSION: '3' } })
  const [full, other] = [await api.createSession(), await api.createSession()]
  const send = (session: string, key?: string) =>
    api.call('POST', `/v1/sessions/${session}/messages`, {
      body: { type: 'text', to: '+54 9 11 5555-0000', text: 'hello' },
      headers: key === undefined ? {} : { 'idempotency-key': key },
    })
  const first = await send(full, 'k')
  expect([first.status, (await send(full)).status, (await send(full)).status]).toEqual([202, 202, 202])
  const refused = await send(full)
  expect([refused.status, refused.body.code, refused.body.retryable]).toEqual([429, 'queue.full', true])
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  const repeated = await send(full, 'k')
  expect([repeated.status, repeated.body]).toEqual([202, first.body])
  expect(repeated.headers.get('idempotency-replayed')).toBe('true')
  expect((await api.store.commands.page(full, { limit: 10 })).data).toHaveLength(3)
  expect((await send(other)).status).toBe(202)
  await api.close()
})
