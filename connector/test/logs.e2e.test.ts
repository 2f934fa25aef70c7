// What a connector writes: never a key, never a text, whatever libsignal and Baileys would like to print.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { testSecret } from '../../scripts/testing/mongo.ts'
import { openWorld, type World } from '../../scripts/testing/world.ts'

let world: World
beforeEach(async () => {
  world = await openWorld()
})
afterEach(() => world.close())

/** Everything a connector writes, stdout included, from its start to its end. */
function startListening() {
  const child = spawn(process.execPath, ['--import', 'tsx', 'connector/main.ts'], {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      MONGODB_URI: inject('mongodbUri'),
      MONGODB_DB: world.dbName,
      SECRET_KEY: testSecret,
      SANDBOX_URL: world.sandbox.ready['sandbox'],
      CONNECTOR_PORT: '0',
      CONNECTOR_ROLES: 'sessions',
      LEASE_TTL_MS: '2000',
      LOG_LEVEL: 'debug',
      LOG_FORMAT: 'json',
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let written = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (written += text))
  return {
    written: () => written,
    async end(signal: NodeJS.Signals) {
      const exited = once(child, 'exit')
      child.kill(signal)
      await exited
    },
  }
}

test('through links, crashes, drops and sessions begun from both sides at once: no key and no text is written', async () => {
  const [ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  const secretText = 'thewordsofamessage'
  const runs = [startListening()]
  await world.link('s', ana)
  const received = () => world.of('message.received').length
  for (let round = 1; round <= 3; round += 1) {
    const burst = world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: secretText, count: 20 })
    for (let i = 0; i < 5; i += 1) await world.post('s', beto, `${secretText} out ${round}.${i}`)
    await world.door('POST', '/faults', { kind: 'drop', phone: ana.phone, after: 10 })
    await burst
    await world.until('half received', () => received() >= (round - 1) * 20 + 10)
    await runs.at(-1)?.end('SIGKILL')
    runs.push(startListening())
  }
  await world.until('all received', () => received() >= 60)
  await world.inbox(beto, 15)
  await runs.at(-1)?.end('SIGTERM')

  const written = runs.map((run) => run.written()).join('\n')
  expect(written, 'it does write').toContain('the connection closed')
  expect(written).not.toMatch(/privKey|rootKey|ephemeralKeyPair|chainKey|SessionEntry|<Buffer/)
  expect(written).not.toContain(secretText)
  expect(written).not.toContain(testSecret)
  expect(written, 'no whole phone number').not.toContain(ana.phone)
}, 120_000)
