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
  expect(written, 'it does write').toContain('disconnected')
  expect(written).not.toMatch(/privKey|rootKey|ephemeralKeyPair|chainKey|SessionEntry|<Buffer/)
  expect(written).not.toContain(secretText)
  expect(written).not.toContain(testSecret)
  expect(written, 'no whole phone number').not.toContain(ana.phone)
})

test('at info an operator reads what becomes of a session, and nothing that would let anybody link or listen', async () => {
  const [ana, beto, carla] = [await world.phone('Ana'), await world.phone('Beto'), await world.phone('Carla')]
  const secretText = 'thewordsofamessage'
  // Nothing is said of a lease that a busy machine could not keep.
  const connector = await world.startConnector({ LOG_LEVEL: 'info', LEASE_TTL_MS: '60000' })
  await world.link('by-qr', ana)
  await world.createSession('by-code')
  await world.store.sessions.requestPairing('by-code', carla.phone)
  const code = String((await world.untilEvent('session.pairing_code')).data['code'])
  await world.door('POST', `/phones/${carla.phone}/pair`, { code: `${code.slice(0, 4)}-${code.slice(4)}` })
  await world.untilEvent('session.connected', (event) => event.stream === 'by-code')
  await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: secretText })
  await world.untilEvent('message.received')
  await world.door('POST', `/phones/${ana.phone}/devices/1/logout`)
  await world.untilEvent('session.logged_out')
  await connector.stop()

  type Line = { level: number; msg: string; sessionId?: string; reason?: string }
  const lines = connector
    .stderr()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line)
  const said = (sessionId: string) => lines.filter((line) => line.sessionId === sessionId).map(({ msg }) => msg)
  // The phone accepts, the socket is built again, and it is open: 515 stands in between.
  expect(said('by-qr')).toEqual([
    'lease taken',
    'a QR code is ready',
    'linked',
    'disconnected',
    'connected',
    'disconnected',
    'logged out by the phone',
    'lease given back',
  ])
  expect(said('by-code')).toEqual(
    expect.arrayContaining(['lease taken', 'a pairing code is ready', 'linked', 'connected']),
  )
  expect(said('by-code')).not.toContain('a QR code is ready')
  expect(lines.filter(({ msg }) => msg === 'disconnected').every(({ reason }) => Boolean(reason))).toBe(true)

  const written = connector.stdout() + connector.stderr()
  const qrs = world.of('session.qr').map((event) => String(event.data['code']))
  expect(qrs.length).toBeGreaterThan(0)
  for (const secret of [...qrs, code, secretText, ana.phone, beto.phone, carla.phone, testSecret])
    expect(written).not.toContain(secret)
})
