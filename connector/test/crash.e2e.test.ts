// The heart under fire: real processes, real kill -9, real Baileys, texts in both directions all the while.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { numbered, openWorld, type World } from '../../scripts/testing/world.ts'

let world: World
beforeEach(async () => {
  world = await openWorld()
})
afterEach(() => world.close())

const texts = (type: 'message.received', prefix: string) =>
  world
    .of(type)
    .map((event) => String(event.data['text']))
    .filter((text) => text.startsWith(prefix))

test('a connector killed eight times in a burst of 200, while texts go out, loses nothing and spoils no session', async () => {
  const [ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  let connector = await world.startConnector()
  await world.link('s', ana)
  await world.post('s', beto, 'first')
  await world.inbox(beto, 1)

  const posted = ['first', ...numbered('out', 60)]
  const burst = world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: 'in', count: 200 })
  const posting = (async () => {
    for (const text of posted.slice(1)) await world.post('s', beto, text)
  })()
  for (let kill = 1; kill <= 8; kill += 1) {
    const goal = kill * 22
    await world.until(`${goal} received`, () => texts('message.received', 'in ').length >= goal)
    connector.kill('SIGKILL')
    await connector.exited
    connector = await world.startConnector()
  }
  await burst
  await posting
  await world.until('all received', () => texts('message.received', 'in ').length >= 200)
  const inbox = await world.inbox(beto, posted.length)

  expect(texts('message.received', 'in '), 'received: all, in order, none twice').toEqual(numbered('in', 200))
  expect(
    inbox.map((row) => row.text),
    'sent: all, in order, shown once',
  ).toEqual(posted)
  const { counters } = await world.phoneState(beto)
  expect(counters.failedDecryptions, 'decryptions that failed at the other phone').toBe(0)
  expect(counters.retryReceiptsReceived, 'retry receipts').toBe(0)
})

test('a connector killed in the middle of links brings every session back, whatever of the first sync was left', async () => {
  const phones = await Promise.all(['Ana', 'Beto', 'Eva', 'Leo'].map((name) => world.phone(name)))
  const first = await world.startConnector()
  // A name that WhatsApp has to be told of, and a history that is still being worked on, are what a kill leaves behind.
  for (const phone of phones) await world.link(phone.phone, phone)
  first.kill('SIGKILL')
  await first.exited
  const before = phones.map((phone) => world.of('session.connected', phone.phone).length)
  await world.startConnector()
  await world.until('all back', () =>
    phones.every((phone, i) => world.of('session.connected', phone.phone).length > (before[i] ?? 0)),
  )
})
