// Clocks that differ by minutes: the server's alone decides who holds what.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openReceiver, type Receiver } from '../../scripts/testing/receiver.ts'
import { openWorld, type World } from '../../scripts/testing/world.ts'

/** So long that no owner loses it to a machine that stands still for a moment. */
const leaseTtlMs = 4_000
const tenMinutes = 600_000

let world: World
let receiver: Receiver
beforeEach(async () => {
  world = await openWorld({
    connectorEnv: {
      CONNECTOR_ROLES: 'sessions,webhooks',
      ALLOW_PRIVATE_ADDRESSES: 'on',
      LEASE_TTL_MS: String(leaseTtlMs),
    },
  })
  receiver = await openReceiver()
})
afterEach(async () => {
  await world.close()
  await receiver.close()
})

/** A process that reads another time than everybody else. */
function startShifted(ms: number) {
  return world.startConnector({
    NODE_OPTIONS: `--import ${new URL(`./shift-clock.mjs?ms=${ms}`, import.meta.url).href}`,
  })
}
const owners = () => world.of('session.owner_changed').length

test.each([
  ['ahead', tenMinutes],
  ['behind', -tenMinutes],
])(
  'an owner ten minutes %s keeps what it holds; one as far off on the other side waits for its end, and no longer',
  async (_where, shiftMs) => {
    const [ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
    const { key } = await world.store.apiKeys.create({ name: 'k', scopes: ['*'] }, 'test')
    const { webhook } = await world.store.webhooks.create(
      { url: receiver.url, streams: ['*'], types: ['message.received'], order: 'session' },
      { keyId: key._id, places: {} },
    )
    const owner = await startShifted(shiftMs)
    await world.link('s', ana)
    await startShifted(-shiftMs)
    await new Promise((resolve) => setTimeout(resolve, 1.5 * leaseTtlMs)) // waits: that something does not happen
    await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: 'before' })
    await receiver.until((received) => received.length === 1)
    expect([owners(), (await world.store.webhooks.read(webhook._id))?.epoch], 'nothing was taken early').toEqual([1, 1])

    owner.kill('SIGKILL')
    const killedAt = performance.now()
    await world.until('taken over', () => owners() === 2)
    expect(performance.now() - killedAt, 'nor held late').toBeLessThan(leaseTtlMs + 3_000)
    await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: 'after' })
    await receiver.until((received) => new Set(received.map(({ id }) => id)).size >= 2)
    // Killed before it could mark the first one as delivered, it leaves it to be sent again.
    expect([...new Set(receiver.received.map(({ json }) => json.data.text))]).toEqual(['before', 'after'])
  },
)
