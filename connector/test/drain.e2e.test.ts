// A connector is drained under traffic both ways: its sessions move to another, nothing is lost, and it stays up with none.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import type { Child } from '../../scripts/testing/child.ts'
import { numbered, openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

const each = 20
/** Nothing moves because a lease ran out. */
const leaseTtlMs = 60_000
/** One reconnect on a busy machine. */
const briefMs = 10_000

let world: World
let api: TestApi
beforeEach(async () => {
  world = await openWorld({ connectorEnv: { LEASE_TTL_MS: String(leaseTtlMs) } })
  api = await openTestApi({ on: { ...world, uri: '', close: () => Promise.resolve() } })
})
afterEach(async () => {
  await api.close()
  await world.close()
})

const idOf = (connector: Child) => connector.ready['connector'] ?? ''
const pathOf = (connector: Child) => `/v1/connectors/${encodeURIComponent(idOf(connector))}`
const read = async (connector: Child) => (await api.call('GET', pathOf(connector))).body as object
const health = async (connector: Child) =>
  (await (await fetch(`${connector.ready['relay']}/health`)).json()) as Record<string, unknown>
const drained = { state: 'draining', sessions: 0, drain: { state: 'done' } }
const untilDrained = (connector: Child) => expect.poll(() => read(connector), { interval: 100 }).toMatchObject(drained)
const ownerOf = async (session: string) => (await world.store.leases.read(session))?.owner
const texts = (session: string) => world.of('message.received', session).map((event) => String(event.data['text']))
const epochs = (session: string) =>
  world.of('session.owner_changed', session).map((event) => Number(event.data['epoch']))

/** `each` texts both ways for every session: what comes in resolves when it is sent, what goes out when it is accepted. */
function flow(sessions: Map<string, Phone>, other: Phone, name: string): Promise<unknown> {
  return Promise.all(
    [...sessions].map(async ([session, phone]) => {
      const incoming = world.door('POST', `/phones/${other.phone}/messages`, {
        to: phone.phone,
        text: `${name} in`,
        count: each,
      })
      for (const text of numbered(`${name} out ${session}`, each)) await world.post(session, other, text)
      await incoming
    }),
  )
}

/** What a connector has written so far. */
const linesOf = (from: Child) =>
  from
    .stderr()
    .split('\n')
    // It still writes: its last line may not be whole.
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { msg: string; time: number; sessionId?: string })
const handovers = (from: Child, session: string) =>
  linesOf(from).filter((line) => line.msg === 'handing over' && line.sessionId === session)

/** The epochs of a session that was handed over by these and changed hands in no other way; what nobody takes in time is handed over again. */
const epochsOf = (session: string, ...from: Child[]) =>
  Array.from({ length: 1 + from.flatMap((one) => handovers(one, session)).length }, (_, i) => i + 1)

/** From when a connector began to hand each session over until it is connected again, ms. */
function awayMs(from: Child, sessions: Iterable<string>): number[] {
  return [...sessions].map((session) => {
    const left = handovers(from, session).at(-1)?.time ?? Number.NaN
    const back = world.of('session.connected', session).at(-1)?.at.getTime() ?? Number.NaN
    return back - left
  })
}

test('drained by the API, then by a signal: every session moves and is away only briefly, nothing is lost or doubled', async () => {
  const other = await world.phone('Otto')
  const first = await world.startConnector()
  const sessions = new Map<string, Phone>()
  for (const name of ['Ana', 'Eva', 'Leo']) {
    const phone = await world.phone(name)
    await world.link(name, phone)
    sessions.set(name, phone)
  }
  const second = await world.startConnector()

  const flowing = flow(sessions, other, 'one')
  await world.until('some received', () => texts('Ana').length > 0)
  expect(await api.call('POST', `${pathOf(first)}/drain`)).toMatchObject({ status: 202, body: { state: 'draining' } })
  await untilDrained(first)
  await flowing
  for (const session of sessions.keys()) {
    await world.until('all received', () => texts(session).length >= each)
    await world.until('connected', () => world.of('session.connected', session).length >= 2)
    expect(await ownerOf(session)).toBe(idOf(second))
    expect(epochs(session).length, 'it moved').toBeGreaterThan(1)
    await expect.poll(() => epochsOf(session, first)).toEqual(epochs(session))
  }
  expect(await health(first)).toMatchObject({ status: 'ok', draining: true, drain: { state: 'done' }, held: 0 })
  for (const ms of awayMs(first, sessions.keys())) expect(ms).toBeLessThan(briefMs)

  const mia = await world.phone('Mia')
  await world.link('Mia', mia)
  sessions.set('Mia', mia)
  expect(await ownerOf('Mia'), 'a new one goes where nothing is drained').toBe(idOf(second))

  expect(await api.call('DELETE', `${pathOf(first)}/drain`)).toMatchObject({ status: 202, body: { state: 'alive' } })
  await expect.poll(() => health(first)).toMatchObject({ draining: false, drain: null })
  const flowingAgain = flow(sessions, other, 'two')
  await world.until('some received', () => texts('Mia').length > 0)
  second.kill('SIGUSR2')
  await untilDrained(second)
  await flowingAgain
  for (const session of sessions.keys()) {
    const rounds = session === 'Mia' ? ['two'] : ['one', 'two']
    await world.until('all received', () => texts(session).length >= rounds.length * each)
    expect(texts(session)).toEqual(rounds.flatMap((round) => numbered(`${round} in`, each)))
    await world.until('connected', () => world.of('session.connected', session).length >= rounds.length + 1)
    expect(await ownerOf(session), 'it takes again').toBe(idOf(first))
    expect(epochs(session).length).toBeGreaterThan(rounds.length)
    await expect.poll(() => epochsOf(session, first, second)).toEqual(epochs(session))
  }
  expect(await health(second)).toMatchObject({ status: 'ok', draining: true, held: 0 })
  for (const ms of awayMs(second, sessions.keys())) expect(ms).toBeLessThan(briefMs)

  const inbox = await world.inbox(other, 7 * each)
  for (const session of sessions.keys()) {
    const rounds = session === 'Mia' ? ['two'] : ['one', 'two']
    const ofSession = inbox.filter((row) => row.text?.includes(` ${session} `)).map((row) => row.text)
    const posted = rounds.flatMap((round) => numbered(`${round} out ${session}`, each))
    expect(ofSession).toEqual(posted)
  }
  expect(inbox, 'nothing twice').toHaveLength(7 * each)
  for (const phone of [other, ...sessions.values()])
    expect((await world.phoneState(phone)).counters).toMatchObject({ failedDecryptions: 0 })

  // Drained, it ends as quickly as it should.
  second.kill('SIGTERM')
  expect(await second.exited).toBe(0)
})
