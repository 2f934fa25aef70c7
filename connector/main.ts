// A connector process: reads the world, opens what its roles ask for, and closes in order.
import './whatsapp/silence-libsignal.ts'
import './whatsapp/one-async-storage.ts'
import './whatsapp/unshared-signal-queue.ts'
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { hostname, tmpdir } from 'node:os'
import type { Logger } from 'pino'
import { toFeedLog } from '../shared/log/feed-log.ts'
import { createOutage, mongodbSentences } from '../shared/log/outage.ts'
import { toStartSentence, type StartedWith } from '../shared/log/start-failure.ts'
import { parseSettings } from '../shared/model/settings.ts'
import { openStore } from '../shared/store/open-store.ts'
import { readOrCreateSecret } from '../shared/store/secret-file.ts'
import { createAuthenticator } from '../shared/auth/authenticate.ts'
import { openHeartbeat, type Heartbeat } from './heartbeat.ts'
import { createLog } from './log.ts'
import { openOwnFolder } from './own-folder.ts'
import { openOutside } from './outside/open-outside.ts'
import { openRelay } from './relay/open-relay.ts'
import { createConnectGate } from './sessions/connect-gate.ts'
import { createFfmpeg } from './sessions/media/ffmpeg.ts'
import { findFfmpeg } from './sessions/media/find-ffmpeg.ts'
import { openSessions, type Sessions } from './sessions/open-sessions.ts'
import { openWebhooks } from './webhooks/open-webhooks.ts'
import { createClientVersion } from './whatsapp/client-version.ts'
import { createWhatsappUrl } from './whatsapp-url.ts'

const version = '0.1.0'
/** Handshakes at once: 13 ms of certificate check each, on one thread. */
const connectPlaces = 6
/** Files on their way at once, in either direction. */
const filesAtOnce = 6
const shutdownMs = 10_000
/** A file that nobody has finished writing for so long is removed, by whoever looks first, ms. */
const abandonedMs = 24 * 3_600_000
const sweepMs = 600_000
let startedWith: StartedWith = {}

async function main(): Promise<void> {
  const settings = parseSettings(process.env, ['MONGODB_URI'])
  startedWith = {
    port: { name: 'CONNECTOR_PORT', value: settings.CONNECTOR_PORT },
    host: settings.HOST,
    mongodbUri: settings.MONGODB_URI,
    dataDir: settings.DATA_DIR,
  }
  let isDrainAsked = false
  let askDrain = () => void (isDrainAsked = true)
  // Without a listener it would end the process, also while it is starting.
  process.on('SIGUSR2', () => askDrain())
  const log = createLog({ level: settings.LOG_LEVEL, format: settings.LOG_FORMAT, name: 'connector' })
  const outage = createOutage(log, mongodbSentences)
  // rc14 leaks rejections of its own queries when a socket drops, some of them numbers (observed 2026-11).
  process.on('unhandledRejection', (reason) => log.debug({ err: reason }, 'a rejection nobody waited for'))

  useOwnFolder(log)

  const store = await openStore({
    uri: settings.MONGODB_URI,
    dbName: settings.MONGODB_DB,
    secretKey: settings.SECRET_KEY ?? readOrCreateSecret(settings.DATA_DIR),
    secretKeyPrevious: settings.SECRET_KEY_PREVIOUS,
    eventRetentionDays: settings.EVENT_RETENTION_DAYS,
  })
  const feed = await store.openFeed({
    watch: settings.CONNECTOR_ROLES.every((role) => role === 'sessions') ? 'orders' : 'everything',
    ...toFeedLog(log, outage),
  })
  const id = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`
  const holdsSessions = settings.CONNECTOR_ROLES.includes('sessions')
  const ffmpegPath = settings.FFMPEG === 'off' ? undefined : await findFfmpeg(process.env['PATH'])
  const missing = holdsSessions && ffmpegPath === undefined ? ['ffmpeg'] : []
  if (missing.length > 0)
    log.info({ missing }, 'without ffmpeg films go without a preview, and only Opus, WAV and MP3 become voice notes')
  let isClosing = false
  let sessions: Sessions | undefined
  let heartbeat: Heartbeat | undefined

  const outside = openOutside({ allowPrivate: settings.ALLOW_PRIVATE_ADDRESSES })
  const webhooks = settings.CONNECTOR_ROLES.includes('webhooks')
    ? openWebhooks({ store, feed, owner: id, leaseTtlMs: settings.LEASE_TTL_MS, outside, log })
    : undefined
  const authenticator = createAuthenticator({ store, feed })
  const relay = settings.CONNECTOR_ROLES.includes('relay') ? openRelay({ store, feed, authenticator, log }) : undefined
  const server = createServer((request, response) => {
    const healthy = request.url === '/health'
    response.writeHead(healthy ? 200 : 404, { 'content-type': 'application/json' })
    response.end(
      JSON.stringify(
        healthy
          ? {
              status: 'ok',
              connector: id,
              draining: isClosing || (heartbeat?.drain() ?? null) !== null,
              drain: heartbeat?.drain() ?? null,
              sockets: relay?.sockets() ?? 0,
              webhooks: webhooks?.held() ?? 0,
              missing,
              ...sessions?.health(),
            }
          : { code: 'route.not_found' },
      ),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(settings.CONNECTOR_PORT, settings.HOST, resolve)
  })
  relay?.attach(server)
  // Seen by the others before it takes anything: they leave it its share.
  heartbeat = await openHeartbeat({
    connectors: store.connectors,
    id,
    capacity: holdsSessions ? settings.CONNECTOR_MAX_SESSIONS : 0,
    leaseTtlMs: settings.LEASE_TTL_MS,
    relayUrl: settings.PUBLIC_RELAY_URL,
    version,
    missing,
    sessions: () => sessions?.held().length ?? 0,
    drain: () => (holdsSessions ? (sessions?.drain() ?? null) : undefined),
    log,
  })
  askDrain = () => void heartbeat?.askDrain()
  if (isDrainAsked) askDrain()
  // Only now: a start that fails takes no session from anybody.
  if (holdsSessions) {
    const whatsappUrl = createWhatsappUrl({
      whatsappUrl: settings.WHATSAPP_URL,
      sandboxUrl: settings.SANDBOX_URL,
      whatsappPlace: { dispatcher: outside.dispatcher },
      rules: { allowPrivate: settings.ALLOW_PRIVATE_ADDRESSES },
      log,
    })
    void whatsappUrl.lookAtSandbox()
    sessions = openSessions({
      store,
      feed,
      owner: id,
      leaseTtlMs: settings.LEASE_TTL_MS,
      maxSessions: settings.CONNECTOR_MAX_SESSIONS,
      gate: createConnectGate({ places: connectPlaces, jitterMs: 250 }),
      clientVersion: createClientVersion({ fixed: settings.WHATSAPP_VERSION }),
      log,
      urlFor: whatsappUrl.of,
      agentFor: whatsappUrl.agentOf,
      media: {
        gate: createConnectGate({ places: filesAtOnce, jitterMs: 0 }),
        maxBytes: settings.MEDIA_MAX_MB * 1_048_576,
        outside,
        ffmpeg: ffmpegPath === undefined ? undefined : createFfmpeg({ path: ffmpegPath }),
        placeOf: whatsappUrl.mediaOf,
      },
      onDrain: () => void heartbeat?.beat(),
    })
  }
  const sweeping = setInterval(() => {
    const since = new Date(Date.now() - abandonedMs)
    store.media
      .removeAbandoned(since, 100)
      .catch((error: unknown) => log.debug({ err: error }, 'unfinished files were not removed'))
  }, sweepMs)
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : settings.CONNECTOR_PORT
  const relayUrl = `http://${settings.HOST}:${port}`

  async function shutDown(): Promise<void> {
    if (isClosing) process.exit(1) // A second signal ends it at once.
    isClosing = true
    clearInterval(sweeping)
    const late = setTimeout(() => {
      log.error(sessions?.health() ?? {}, 'not closed in time; the leases run out')
      process.exit(1)
    }, shutdownMs)
    await heartbeat?.close()
    server.close()
    await Promise.all([sessions?.close(), relay?.close(), webhooks?.close()])
    await outside.close()
    server.closeAllConnections()
    authenticator.close()
    await feed.close()
    await store.close()
    clearTimeout(late)
    process.exit(0)
  }
  for (const name of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.on(name, () => void shutDown())

  process.stdout.write(`ready ${JSON.stringify({ connector: id, relay: relayUrl })}\n`)
}

/** Baileys writes files on their way, encrypted, where `os.tmpdir()` says (rc14, Utils/messages-media.js). */
function useOwnFolder(log: Logger): void {
  try {
    const folder = openOwnFolder(tmpdir(), process.pid)
    process.env['TMPDIR'] = folder.path
    process.once('exit', () => folder.remove())
  } catch (error) {
    log.warn({ err: error }, 'no folder for temporary files: nothing can be uploaded until there is one')
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${toStartSentence(error, startedWith)}\n`)
  process.exit(1)
})
