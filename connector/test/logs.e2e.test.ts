// What a connector writes: never a key, never a text, whatever libsignal and Baileys would like to print.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { testSecret } from '../../scripts/testing/mongo.ts'
import { openWorld, type World } from '../../scripts/testing/world.ts'

let world: World
beforeEach(async () => {
  world = await openWorld({ connectorEnv: { LOG_LEVEL: 'debug' } })
})
afterEach(() => world.close())

test('through links, crashes, drops and sessions begun from both sides at once: no key and no text is written', async () => {
  const [ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  const secretText = 'thewordsofamessage'
  let connector = await world.startConnector()
  const runs = [connector]
  await world.link('s', ana)
  const received = () => world.of('message.received').length
  for (let round = 1; round <= 3; round += 1) {
    const burst = world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: secretText, count: 20 })
    for (let i = 0; i < 5; i += 1) await world.post('s', beto, `${secretText} out ${round}.${i}`)
    await world.door('POST', '/faults', { kind: 'drop', phone: ana.phone, after: 10 })
    await burst
    await world.until('half received', () => received() >= (round - 1) * 20 + 10)
    connector.kill('SIGKILL')
    await connector.exited
    connector = await world.startConnector()
    runs.push(connector)
  }
  await world.until('all received', () => received() >= 60)
  await world.inbox(beto, 15)
  await connector.stop()

  const written = runs.map((run) => run.stdout() + run.stderr()).join('\n')
  expect(written, 'it does write').toContain('the connection closed')
  expect(written).not.toMatch(/privKey|rootKey|ephemeralKeyPair|chainKey|SessionEntry|<Buffer/)
  expect(written).not.toContain(secretText)
  expect(written).not.toContain(testSecret)
  expect(written, 'no whole phone number').not.toContain(ana.phone)
}, 120_000)
