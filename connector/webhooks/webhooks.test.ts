// Webhooks against a real receiver and a real database.
import { Webhook as Verifier } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { answer, hang, openReceiver, reset, type Received, type Receiver } from '../../scripts/testing/receiver.ts'
import { upTo, useStage } from '../../scripts/testing/webhook-stage.ts'

const stage = useStage()
const { db, createSession, create, start, append, numbersOf, eventually, deliveryOf, teamEvent } = stage

test('what is delivered verifies by the standard library, and says where it stands in the feed', async () => {
  const { webhook, secret } = await create()
  start()
  const [event] = await append(stage.session, 1)
  await stage.receiver.until((received) => received.length === 1)
  const [one] = stage.receiver.received
  expect(new Verifier(secret).verify(one?.body ?? '', one?.headers as Record<string, string>)).toEqual({
    type: 'message.received',
    timestamp: event?.at.toISOString(),
    data: { i: 0 },
    id: `${stage.session}:1`,
    stream: stage.session,
    seq: 1,
  })
  expect(one?.id).toBe(`${stage.session}:1`)
  const row = await deliveryOf(webhook, `${stage.session}:1`, (found) => found.state === 'delivered')
  expect(row).toMatchObject({ attempts: [{ status: 200 }], tries: 1 })
  expect(row.finishedAt).toBeInstanceOf(Date)
})

test('each event goes out once, sessions to come included; other types do not', async () => {
  await create()
  start()
  await append(stage.session, 30)
  await append(stage.session, 5, 'chat.updated')
  await append(stage.session, 30)
  const later = await createSession()
  await append(later, 20)
  await stage.receiver.until((received) => received.length >= 80)
  expect(numbersOf(stage.session).toSorted((a, b) => a - b)).toEqual([...upTo(30), ...upTo(30).map((n) => n + 35)])
  expect(numbersOf(later).toSorted((a, b) => a - b)).toEqual(upTo(20))
})

test('in order, a failing event holds its own stream of its own webhook, and nothing else', async () => {
  const other = await createSession()
  await create({ order: 'session' })
  const parallel = await openReceiver()
  await create({ url: parallel.url })
  // The third fails for as long as the other stream is not done.
  stage.receiver.behave((one, response) =>
    answer(one.id === `${stage.session}:3` && numbersOf(other).length < 10 ? 500 : 200)(one, response),
  )
  start({ timing: { retryWaitsMs: Array.from({ length: 500 }, () => 50) } })
  await append(stage.session, 10)
  await append(other, 10)
  await stage.receiver.until(() => numbersOf(stage.session).includes(10))
  expect(numbersOf(other)).toEqual(upTo(10))
  const inOrder = numbersOf(stage.session)
  expect(inOrder.filter((n) => n === 3).length, 'it was tried again').toBeGreaterThan(1)
  expect([...new Set(inOrder)]).toEqual(upTo(10))
  expect(inOrder, 'and nothing of its stream went before it was through').toEqual(inOrder.toSorted((x, y) => x - y))
  await parallel.until((received) => received.length >= 20)
  expect(parallel.ids().toSorted()).toEqual(
    [...upTo(10).map((n) => `${stage.session}:${n}`), ...upTo(10).map((n) => `${other}:${n}`)].toSorted(),
  )
  await parallel.close()
})

test('a hanging receiver delays no other webhook', async () => {
  const bad = await openReceiver()
  bad.behave(hang)
  const { webhook } = await create({ url: bad.url })
  await create()
  const patient = start({ timing: { attemptMs: 120_000, stopMs: 300 } })
  await append(stage.session, 100)
  await stage.receiver.until((received) => received.length >= 100)
  const { data } = await stage.store.deliveries.page(webhook._id, { limit: 200 })
  expect(new Set(data.map(({ tries }) => tries)), 'not one of its attempts is over').toEqual(new Set([0]))
  await patient.close()
  start({ timing: { attemptMs: 1_000 } })
  const row = await deliveryOf(webhook, `${stage.session}:1`, (found) => found.attempts.length > 0)
  expect(row.attempts[0]).toMatchObject({ error: 'timeout' })
  expect(row.attempts[0]?.durationMs).toBeGreaterThanOrEqual(990)
  await bad.close()
}, 60_000)

test('each kind of trouble is recorded by its word, and what was said by its first kilobyte', async () => {
  const troubles: [string, Parameters<Receiver['behave']>[0], object][] = [
    ['500', answer(500, {}, 'broken here'), { status: 500, error: 'status', answer: 'broken here' }],
    ['reset', reset, { error: 'connection' }],
    ['redirect', answer(301, { location: 'http://127.0.0.1:1/elsewhere' }), { status: 301, error: 'redirect' }],
    ['huge', answer(400, {}, 'x'.repeat(5_000_000)), { status: 400, error: 'status', answer: 'x'.repeat(1_000) }],
  ]
  const { webhook } = await create()
  start()
  for (const [i, [name, behaviour, expected]] of troubles.entries()) {
    stage.receiver.behave(behaviour)
    await append(stage.session, 1)
    const row = await deliveryOf(webhook, `${stage.session}:${i + 1}`, (found) => found.attempts.length > 0)
    expect(row.attempts[0], name).toMatchObject(expected)
    stage.receiver.behave(answer(200))
    await deliveryOf(webhook, `${stage.session}:${i + 1}`, (found) => found.state === 'delivered')
  }
  expect(stage.receiver.received.every(({ json }) => json.type === 'message.received')).toBe(true)
})

test('a 200 whose answer never ends is delivered, and waited for no longer than two seconds', async () => {
  const { webhook } = await create()
  stage.receiver.behave((_one, response) => void response.writeHead(200).write('begun'))
  start()
  await append(stage.session, 1)
  const row = await deliveryOf(webhook, `${stage.session}:1`, (found) => found.state === 'delivered')
  expect(row.attempts).toMatchObject([{ status: 200, answer: 'begun' }])
  expect(row.attempts[0]?.durationMs).toBeLessThan(6_000)
})

test('an answer that pours without end is cut with its connection', async () => {
  const { webhook } = await create()
  const attempts = 5
  let poured = 0
  stage.receiver.behave((_one, response) => {
    response.writeHead(200)
    const pour = () => {
      if (response.destroyed) return
      poured += 65_536
      if (response.write(Buffer.alloc(65_536, 'x'))) setImmediate(pour)
      else response.once('drain', pour)
    }
    pour()
  })
  start()
  const tookMs: number[] = []
  for (let i = 1; i <= attempts; i += 1) {
    await append(stage.session, 1)
    const row = await deliveryOf(webhook, `${stage.session}:${i}`, (found) => found.state === 'delivered')
    expect(row.attempts[0]?.answer).toHaveLength(1_000)
    tookMs.push(row.attempts[0]?.durationMs ?? Number.NaN)
  }
  // A machine that stands still makes one of them long; time, if it were what cuts, would make every one so.
  expect(Math.min(...tookMs), 'not until time cuts it').toBeLessThan(1_900)
  expect(poured, 'what the kernels hold').toBeLessThan(attempts * 50_000_000)
})

test('waits grow, Retry-After is honoured, and after the last wait it has failed', async () => {
  const { webhook } = await create()
  stage.receiver.behave((one, response) =>
    stage.receiver.received.length === 1
      ? answer(503, { 'retry-after': '1' })(one, response)
      : answer(500)(one, response),
  )
  start({ timing: { retryWaitsMs: [10, 20, 40] } })
  await append(stage.session, 1)
  const row = await deliveryOf(webhook, `${stage.session}:1`, (found) => found.state === 'failed')
  expect(row.attempts.map(({ status }) => status)).toEqual([503, 500, 500, 500])
  const [first = 0, second = 0] = stage.receiver.received.map(({ atMs }) => atMs)
  expect(second - first).toBeGreaterThanOrEqual(1_000)
})

test('410 switches it off at once, and says so on the team’s stream', async () => {
  const { webhook } = await create()
  stage.receiver.behave(answer(410))
  start()
  await append(stage.session, 1)
  expect((await teamEvent('webhook.disabled', webhook)).data).toMatchObject({ reason: 'gone', url: stage.receiver.url })
  const row = await eventually(async () => {
    const found = await stage.store.webhooks.read(webhook._id)
    return found?.enabled === false && found
  })
  expect(row.disabled).toMatchObject({ reason: 'gone' })
  await append(stage.session, 3)
  stage.receiver.behave(answer(200))
  await stage.store.webhooks.patch(webhook._id, { enabled: true })
  await stage.store.deliveries.requeue(webhook._id)
  await stage.store.webhooks.wake(webhook._id)
  await stage.receiver.until(() => new Set(numbersOf(stage.session)).size === 4)
})

test('unbroken failure switches it off; one success begins the count anew', async () => {
  const { webhook } = await create()
  // The second attempt is held until the count is seen: between the two nothing can fail for long.
  let succeed: (() => void) | undefined
  stage.receiver.behave((one, response) => {
    if (stage.receiver.received.length === 1) return answer(500)(one, response)
    succeed = () => answer(200)(one, response)
  })
  start({ timing: { retryWaitsMs: Array.from({ length: 500 }, () => 60), disableAfterMs: 600 } })
  await append(stage.session, 1)
  await eventually(async () => (await stage.store.webhooks.read(webhook._id))?.failingSince)
  ;(await eventually(() => succeed))()
  await eventually(async () => (await stage.store.webhooks.read(webhook._id))?.failingSince === undefined)
  stage.receiver.behave(answer(500))
  await append(stage.session, 1)
  expect((await teamEvent('webhook.disabled', webhook)).data).toMatchObject({ reason: 'failing' })
})

test('while a secret is being replaced both sign; then the new one alone', async () => {
  const { webhook, secret } = await create()
  start()
  const isSigned = (key: string, { body, headers }: Received) => {
    try {
      return Boolean(new Verifier(key).verify(body, headers as Record<string, string>))
    } catch {
      return false
    }
  }
  /** A worker hears of it a moment later: the first event that is signed by the new one. */
  const firstSignedBy = (key: string) =>
    eventually(async () => {
      const before = stage.receiver.received.length
      await append(stage.session, 1)
      await stage.receiver.until((received) => received.length > before)
      return stage.receiver.received.find((one) => isSigned(key, one))
    })
  const rotated = await stage.store.webhooks.rotateSecret(webhook._id, 600_000)
  expect(isSigned(secret, await firstSignedBy(rotated?.secret ?? ''))).toBe(true)
  const last = await stage.store.webhooks.rotateSecret(webhook._id, 0)
  const alone = await firstSignedBy(last?.secret ?? '')
  expect([secret, rotated?.secret ?? ''].map((key) => isSigned(key, alone))).toEqual([false, false])
  const kept = JSON.stringify(
    await db()
      .collection('webhooks')
      .findOne({ _id: webhook._id as never }),
  )
  expect(kept).not.toContain('whsec_')
  expect(Buffer.from(kept).includes(Buffer.from(secret.slice(6)))).toBe(false)
})
