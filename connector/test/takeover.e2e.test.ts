// Two connectors, one session: a stalled owner that wakes up late can change nothing.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { numbered, openWorld, type World } from '../../scripts/testing/world.ts'

let world: World
beforeEach(async () => {
  world = await openWorld()
})
afterEach(() => world.close())

const received = () => world.of('message.received').map((event) => String(event.data['text']))
const fences = () => world.of('session.owner_changed')

test('an owner stopped for 30 s is taken over; woken, nothing of its epoch is accepted after the new fence', async () => {
  const [ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  const stalled = await world.startConnector()
  await world.link('s', ana)
  await world.startConnector()
  await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: 'before', count: 20 })
  await world.until('some received', () => received().length >= 5)

  stalled.kill('SIGSTOP')
  const stoppedAt = Date.now()
  const posted = await world.post('s', beto, 'posted while it is stopped')
  await world.until('taken over', () => fences().length === 2)
  const tookMs = Date.now() - stoppedAt
  await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: 'during', count: 20 })
  await world.until('all received', () => received().length >= 40)
  await world.untilEvent('message.delivered', (event) => event.data['messageId'] === posted)
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, 30_000 - (Date.now() - stoppedAt)))) // waits: a stall of 30 s

  stalled.kill('SIGCONT')
  await world.post('s', beto, 'after it woke')
  await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: 'after', count: 20 })
  await world.until('all received', () => received().length >= 60)
  const inbox = await world.inbox(beto, 2)

  expect(tookMs, 'LEASE_TTL_MS of 2 s, and 2 s').toBeLessThan(4_000)
  expect(received()).toEqual([...numbered('before', 20), ...numbered('during', 20), ...numbered('after', 20)])
  expect(inbox.map((row) => row.text)).toEqual(['posted while it is stopped', 'after it woke'])
  expect(
    fences().map((event) => event.data['epoch']),
    'the old owner never fences again',
  ).toEqual([1, 2])
  const rows = await world.store.events.read('s', 0, 1_000)
  const [oldFence, newFence] = rows.filter((row) => row.type === 'session.owner_changed')
  const late = rows.filter(
    (row) => row.seq > (newFence?.seq ?? 0) && row.writer.split('/')[0] === oldFence?.writer.split('/')[0],
  )
  expect(late, 'rows of the old owner after the new fence').toEqual([])
  const { counters } = await world.phoneState(beto)
  expect(counters).toMatchObject({ failedDecryptions: 0, retryReceiptsReceived: 0 })
  const seqs = world.events.filter((event) => event.stream === 's').map((event) => event.seq)
  expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, i) => i + 1))
})

test('a clean stop hands over at once; a linked session comes back by itself with what waited', async () => {
  const [ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  const first = await world.startConnector({ LEASE_TTL_MS: '60000' })
  await world.link('s', ana)
  await first.stop()
  await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: 'waiting', count: 25 })
  for (const text of numbered('kept', 5)) await world.post('s', beto, text)
  await world.startConnector({ LEASE_TTL_MS: '60000' })
  await world.until('all received', () => received().length >= 25)
  expect(received()).toEqual(numbered('waiting', 25))
  expect((await world.inbox(beto, 5)).map((row) => row.text)).toEqual(numbered('kept', 5))
})

test('two connectors share the sessions; each session has one owner', async () => {
  // Four phones linked at once keep a busy machine for longer than the lease of the other tests.
  const patient = { LEASE_TTL_MS: '30000' }
  await Promise.all([world.startConnector(patient), world.startConnector(patient)])
  const phones = await Promise.all(['Ana', 'Eva', 'Leo', 'Mia'].map((name) => world.phone(name)))
  await Promise.all(phones.map((phone, i) => world.link(`s${i}`, phone)))
  const perStream = phones.map((_, i) => world.of('session.owner_changed', `s${i}`).length)
  expect(perStream, 'nobody fought over a session').toEqual([1, 1, 1, 1])
})
