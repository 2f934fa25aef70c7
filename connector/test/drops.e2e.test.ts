// Connections that drop in the middle of a burst: what was decrypted and what was not must both arrive, once, in order.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EventType, StoredEvent } from '../../shared/model/event.ts'
import { numbered, openWorld, type World } from '../../scripts/testing/world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
  await world.startConnector()
})
afterAll(() => world.close())

const received = (s: string) => world.of('message.received', s).map((event) => String(event.data['text']))
const says = (s: string, type: EventType, fits: (event: StoredEvent) => boolean = () => true) =>
  world.untilEvent(type, (event) => event.stream === s && fits(event))

async function burstOver(s: string, kind: 'drop' | 'half-open', first: boolean, times = 3): Promise<void> {
  const [ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  await world.link(s, ana)
  if (!first) {
    await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: 'hello' })
    await says(s, 'message.received')
  }
  await world.door('POST', '/faults', { kind, phone: ana.phone, after: 30, times })
  await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: 'in', count: 120 })
  await world.until('all received', () => received(s).filter((text) => text.startsWith('in ')).length >= 120)

  expect(received(s).filter((text) => text.startsWith('in '))).toEqual(numbered('in', 120))
  expect(world.of('session.disconnected', s).length, 'the connection really dropped').toBeGreaterThanOrEqual(
    Math.min(2, times),
  )
  const { counters } = await world.phoneState(beto)
  expect(counters.retryReceiptsReceived).toBe(0)
  const head = world.events.filter((event) => event.stream === s).map((event) => event.seq)
  expect(head, 'the feed has no gap and repeats nothing').toEqual(Array.from({ length: head.length }, (_, i) => i + 1))
}

// Each of them waits most of the time, and no fault of one is the other's.
test.concurrent('120 messages over three dropped connections arrive once and in order', () =>
  burstOver('dropped', 'drop', false))

test.concurrent('a connection that is open and dead is noticed and replaced, and nothing of the burst is missing', () =>
  burstOver('dead', 'half-open', false, 1))

test.concurrent('the same as the very first messages of a contact', () => burstOver('first', 'drop', true))

test('WhatsApp answering 503 at the upgrade is waited out, and what came meanwhile arrives', async () => {
  const [ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  await world.link('refused', ana)
  await world.door('POST', '/faults', { kind: 'http-503', times: 2 })
  await world.door('POST', '/faults', { kind: 'drop', phone: ana.phone })
  await says('refused', 'session.disconnected')
  await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: 'while away' })
  await world.post('refused', beto, 'kept meanwhile')
  await says('refused', 'message.received', (event) => event.data['text'] === 'while away')
  expect((await world.inbox(beto, 1)).map((row) => row.text)).toEqual(['kept meanwhile'])
})

test('what waited while the connection was away comes before what is written while it is worked through', async () => {
  const [ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  await world.link('behind', ana)
  await world.door('POST', '/faults', { kind: 'http-503', times: 2 })
  await world.door('POST', '/faults', { kind: 'drop', phone: ana.phone })
  await says('behind', 'session.disconnected')
  const write = (text: string, count: number, addressing: 'lid' | 'pn') =>
    world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text, count, addressing })
  await write('waited', 60, 'lid')
  await says('behind', 'message.received')
  for (const addressing of ['pn', 'lid'] as const) await write(`live ${addressing}`, 10, addressing)
  await world.until('all received', () => received('behind').length >= 80)
  expect(received('behind')).toEqual([
    ...numbered('waited', 60),
    ...numbered('live pn', 10),
    ...numbered('live lid', 10),
  ])
})
