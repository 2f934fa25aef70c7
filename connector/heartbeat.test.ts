import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../scripts/testing/mongo.ts'
import type { DrainReport } from '../shared/model/connector.ts'
import type { ConnectorStore } from '../shared/store/connectors.ts'
import { openHeartbeat } from './heartbeat.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

const quiet = () => undefined
const log = { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet }
/** The store on a slow line: a heartbeat takes a few round trips longer to get there. */
const slowly = (): ConnectorStore => {
  const { connectors } = opened.store
  return {
    ...connectors,
    async report(...given) {
      for (let trip = 0; trip < 3; trip += 1) await opened.store.ping()
      return connectors.report(...given)
    },
  }
}
const open = (id: string, drain: () => DrainReport | null | undefined = () => null) =>
  openHeartbeat({
    connectors: slowly(),
    id,
    capacity: 5,
    // No heartbeat comes by itself while a test runs.
    leaseTtlMs: 600_000,
    relayUrl: undefined,
    version: '1',
    sessions: () => 0,
    drain,
    log,
  })

test('opened, it is seen already; a drain asked by a signal stands also when its document was not there', async () => {
  const { connectors } = opened.store
  const heartbeat = await open('signalled')
  expect(await connectors.read('signalled')).toMatchObject({ draining: false, capacity: 5, isSilent: false })
  await connectors.remove('signalled')
  await heartbeat.askDrain()
  expect(await connectors.read('signalled')).toMatchObject({ draining: true })
  await heartbeat.close()
})

test('a process that holds no sessions at all is drained as soon as it hears that it should be', async () => {
  const { connectors } = opened.store
  const heartbeat = await open('relay-only', () => undefined)
  expect(heartbeat.drain()).toBeNull()
  await connectors.wishDrain('relay-only', true)
  await heartbeat.beat()
  expect(heartbeat.drain()).toEqual({ state: 'done' })
  await heartbeat.beat()
  expect(await connectors.read('relay-only')).toMatchObject({ drain: { state: 'done' } })
  await heartbeat.close()
})

test('a heartbeat under way at the end does not bring a process back that has signed off', async () => {
  for (let round = 0; round < 30; round += 1) {
    const heartbeat = await open(`ended-${round}`)
    const last = [heartbeat.beat(), heartbeat.beat()]
    // The first is on its way by now, the second waits for it.
    await opened.store.ping()
    await heartbeat.close()
    await Promise.all(last)
    await heartbeat.beat()
    expect(await opened.store.connectors.read(`ended-${round}`)).toBeNull()
  }
})
