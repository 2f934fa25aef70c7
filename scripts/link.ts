// `npm run link -- <sessionId> [--phone N] [--sandbox]`: QR or pairing code in the terminal, until the session is linked.
// Speaks to the database of the `npm start` that runs on this machine, or to MONGODB_URI.
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import QRCode from 'qrcode'
import { toStartSentence, type StartedWith } from '../shared/log/start-failure.ts'
import { parseAddress, phoneOf } from '../shared/model/jid.ts'
import { SessionId } from '../shared/model/session.ts'
import { parseSettings } from '../shared/model/settings.ts'
import { openStore, type Store } from '../shared/store/open-store.ts'
import { readOrCreateSecret } from '../shared/store/secret-file.ts'
import { toDoorLines } from './start/door-lines.ts'
import { readRunFile } from './start/run-file.ts'
import * as v from 'valibot'

/** As phones show it: ABCD-EFGH. */
const toShownCode = (code: string) => code.replace(/^(.{4})(.{4})$/, '$1-$2')

const usage = 'Usage: npm run link -- <sessionId> [--phone +5491155550000] [--sandbox]'

async function showDoor(...wish: Parameters<typeof toDoorLines>): Promise<void> {
  const lines = await toDoorLines(...wish).catch(() => undefined)
  process.stdout.write(
    lines === undefined
      ? 'The sandbox does not answer at the moment.\n'
      : `In the sandbox, from another terminal:\n${lines}\n`,
  )
}

async function wantSession(store: Store, sessionId: string, sandbox: boolean): Promise<void> {
  if (await store.sessions.read(sessionId)) return void (await store.sessions.want(sessionId, 'linked'))
  const session = await store.sessions.create(sessionId, { sandbox })
  await store.leases.create(sessionId)
  const at = session.createdAt.getTime()
  await store.events.appendOnce(sessionId, [
    { type: 'session.created', key: `session.created/${at}`, data: { sessionId } },
  ])
}

let startedWith: StartedWith = {}

async function run(): Promise<number> {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { phone: { type: 'string' }, sandbox: { type: 'boolean', default: false } },
  })
  const [sessionId] = positionals
  if (sessionId === undefined || positionals.length !== 1) throw new Error(usage)
  if (!v.is(SessionId, sessionId)) throw new Error('A session id is 1 to 64 of A-Z a-z 0-9 _ -')
  const address = values.phone === undefined ? undefined : parseAddress(values.phone)
  const phone = address && 'jid' in address ? phoneOf(address.jid) : undefined
  if (address && phone === undefined)
    throw new Error(`The phone number ${'fault' in address ? address.fault : 'is not a phone number'}`)

  const settings = parseSettings(process.env)
  const running = readRunFile(settings.DATA_DIR)
  const uri = settings.MONGODB_URI ?? running?.mongodbUri
  startedWith = { mongodbUri: uri, dataDir: settings.DATA_DIR }
  const door = values.sandbox ? (settings.SANDBOX_URL ?? running?.sandbox)?.replace(/\/$/, '') : undefined
  if (uri === undefined)
    throw new Error('Nothing runs here: start it with npm start in another terminal, or set MONGODB_URI')
  const store = await openStore({
    uri,
    dbName: settings.MONGODB_DB,
    secretKey: settings.SECRET_KEY ?? readOrCreateSecret(settings.DATA_DIR),
    secretKeyPrevious: settings.SECRET_KEY_PREVIOUS,
  })
  const feed = await store.openFeed()
  const shown = new Set<string>()
  try {
    const standing = await store.sessions.read(sessionId)
    if (standing?.status === 'connected') {
      process.stdout.write(`${sessionId} is linked already, to ${standing.phone}\n`)
      return 0
    }
    const finished = new Promise<number>((resolve) => {
      const look = async () => {
        const session = await store.sessions.read(sessionId)
        if (!session) return
        if (session.status === 'connected') {
          process.stdout.write(`linked: ${session.phone}\n`)
          resolve(0)
        } else if (session.pairing?.code && !shown.has(session.pairing.code)) {
          shown.add(session.pairing.code)
          const code = toShownCode(session.pairing.code)
          process.stdout.write(`On the phone: Linked devices → Link with phone number → ${code}\n`)
          if (door) await showDoor(door, { phone: session.pairing.phone, code })
        } else if (session.pairing?.error) {
          process.stdout.write(`${session.pairing.error}\n`)
          resolve(1)
        } else if (session.qr && !shown.has(session.qr.code)) {
          shown.add(session.qr.code)
          process.stdout.write(
            `${await QRCode.toString(session.qr.code, { type: 'terminal', small: true })}\nOn the phone: Linked devices → Link a device → scan this\n`,
          )
          if (door) await showDoor(door, { qr: session.qr.code })
        } else if (shown.size > 0 && (session.status === 'error' || session.status === 'inactive')) {
          process.stdout.write(`not linked: ${session.lastDisconnect?.reason ?? session.status}\n`)
          resolve(1)
        }
      }
      let chain: Promise<unknown> = Promise.resolve()
      const again = () =>
        (chain = chain.then(look).catch((error: unknown) => process.stderr.write(`${String(error)}\n`)))
      feed.listen((change) => {
        if (change.kind === 'lost' || (change.kind === 'session' && change.id === sessionId)) void again()
      })
      process.once('SIGINT', () => resolve(130))
    })
    await wantSession(store, sessionId, values.sandbox)
    if (phone !== undefined) await store.sessions.requestPairing(sessionId, phone)
    return await finished
  } finally {
    await feed.close()
    await store.close()
  }
}

run().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${toStartSentence(error, startedWith)}\n`)
    process.exit(1)
  },
)
