// `npm run demo`: the main job told in one screen, on free ports and a throw-away data folder. Exit 0 or 1.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseSettings } from '../../shared/model/settings.ts'
import { openAll } from '../start/open-all.ts'
import { createHttp, openSocket } from './clients.ts'

const burst = 30
const startedAt = Date.now()
const tell = (sentence: string) =>
  process.stdout.write(`${((Date.now() - startedAt) / 1000).toFixed(1).padStart(5)} s  ${sentence}\n`)
const check = (ok: boolean, sentence: string) => {
  if (!ok) throw new Error(sentence)
  tell(`✓ ${sentence}`)
}

async function run(dataDir: string): Promise<void> {
  const ownEnv = {
    PORT: '0',
    SANDBOX_PORT: '0',
    DATA_DIR: dataDir,
    LOG_LEVEL: 'error',
    SECRET_KEY: randomBytes(32).toString('base64'),
  }
  const { MONGODB_URI, MONGOMS_SYSTEM_BINARY } = process.env
  const env = {
    ...ownEnv,
    ...(MONGODB_URI ? { MONGODB_URI, MONGODB_DB: `demo_${randomBytes(4).toString('hex')}` } : {}),
    ...(MONGOMS_SYSTEM_BINARY ? { MONGOMS_SYSTEM_BINARY } : {}),
  }
  const running = await openAll({ settings: parseSettings(env), env, sandbox: true, say: tell })
  try {
    tell(`everything runs: MongoDB (${running.mongodb}), sandbox, connector, API and relay`)
    const api = createHttp(running.api, running.adminKey)
    const door = createHttp(running.sandbox ?? '')
    const ana = await door('POST', '/phones', { name: 'Ana' })
    const beto = await door('POST', '/phones', { name: 'Beto' })
    tell(`two pretend phones: Ana ${ana['phone']} and Beto ${beto['phone']}`)

    await api('POST', '/v1/sessions', { sessionId: 'demo', name: 'Ana at work', sandbox: true })
    const qr = await api('GET', '/v1/sessions/demo/qr?wait=20')
    tell('a session is created and shows its QR')
    await door('POST', `/phones/${ana['phone']}/scan`, { qr: qr['code'] })
    const ticket = await api('POST', '/v1/ws-tickets', {})
    const socketUrl = `${ticket['url']}?ticket=${ticket['ticket']}`
    const live = await openSocket(socketUrl, { streams: ['demo'], after: { demo: 0 } })
    await live.until('session.connected', (event) => event['type'] === 'session.connected', 20_000)
    tell('Ana scans it: the session is connected, and a socket is open')

    await door('POST', `/phones/${beto['phone']}/messages`, { to: ana['phone'], text: 'Hola, ¿está abierto?' })
    const received = await live.until('message.received', (event) => event['type'] === 'message.received')
    check(received['data'].text === 'Hola, ¿está abierto?', 'Beto writes; the message is in MongoDB and in the socket')
    const chatId = String(received['data'].chatId)

    const sent = await api(
      'POST',
      '/v1/sessions/demo/messages',
      { type: 'text', to: chatId, text: 'Sí, hasta las 18.' },
      { 'idempotency-key': randomBytes(8).toString('hex') },
    )
    await live.until(
      'message.delivered',
      (event) => event['type'] === 'message.delivered' && event['data'].messageId === sent['messageId'],
    )
    tell('✓ the answer is accepted with 202 and delivered')
    await door('POST', `/phones/${beto['phone']}/read`, { messageIds: [sent['messageId']], from: ana['phone'] })
    await live.until(
      'message.read',
      (event) => event['type'] === 'message.read' && event['data'].messageId === sent['messageId'],
    )
    tell('✓ Beto reads it: the status goes to read')

    live.close()
    await door('POST', '/faults', { kind: 'drop', phone: ana['phone'], after: 10, times: 2 })
    await door('POST', `/phones/${beto['phone']}/messages`, { to: ana['phone'], text: 'número', count: burst })
    tell(
      `Beto writes ${burst} messages; the connection to WhatsApp is dropped twice in the middle, and the browser is away`,
    )
    const again = await api('POST', '/v1/ws-tickets', {})
    const resumed = await openSocket(`${again['url']}?ticket=${again['ticket']}`, { streams: ['demo'], after: live.at })
    const isBurst = (event: { [key: string]: any }) =>
      event['type'] === 'message.received' && String(event['data'].text).startsWith('número')
    await resumed.until(`the last of ${burst}`, () => resumed.events.filter(isBurst).length >= burst, 20_000)
    const texts = resumed.events.filter(isBurst).map((event) => String(event['data'].text))
    const expected = Array.from({ length: burst }, (_, i) => `número ${i + 1}`)
    check(
      texts.join() === expected.join(),
      `the browser comes back with its cursor: all ${burst} are there, in order, none twice`,
    )
    const seen = [...live.events, ...resumed.events].map((event) => Number(event['seq']))
    check(
      seen.every((seq, i) => seq === i + 1),
      `the feed has no gap: 1 to ${seen.length}`,
    )
    resumed.close()
  } finally {
    await running.close()
  }
}

const dataDir = mkdtempSync(join(tmpdir(), 'wastream-demo-'))
let code = 0
try {
  await run(dataDir)
  tell('done')
} catch (error) {
  process.stderr.write(`✗ ${error instanceof Error ? error.message : String(error)}\n`)
  code = 1
}
rmSync(dataDir, { recursive: true, force: true })
process.exit(code)
