// API and relay in one process on one port: what `npm start` serves. Prints the first administrator's key once, to its parent.
import { openRelay } from '../../connector/relay/open-relay.ts'
import { createLog } from '../../functions/entry/log.ts'
import { serveApi } from '../../functions/entry/serve-api.ts'
import { createAuthenticator } from '../../shared/auth/authenticate.ts'
import { toFeedLog } from '../../shared/log/feed-log.ts'
import { createOutage, mongodbSentences } from '../../shared/log/outage.ts'
import { toStartSentence, type StartedWith } from '../../shared/log/start-failure.ts'
import { parseSettings } from '../../shared/model/settings.ts'
import { openStore } from '../../shared/store/open-store.ts'
import { readOrCreateSecret } from '../../shared/store/secret-file.ts'

const graceMs = 8_000
let startedWith: StartedWith = {}

async function run(): Promise<void> {
  const settings = parseSettings(process.env, ['MONGODB_URI'])
  startedWith = {
    port: { name: 'PORT', value: settings.PORT },
    host: settings.HOST,
    mongodbUri: settings.MONGODB_URI,
    dataDir: settings.DATA_DIR,
  }
  const log = createLog(settings.LOG_LEVEL, settings.LOG_FORMAT)
  const outage = createOutage(log, mongodbSentences)
  const store = await openStore({
    uri: settings.MONGODB_URI,
    dbName: settings.MONGODB_DB,
    secretKey: settings.SECRET_KEY ?? readOrCreateSecret(settings.DATA_DIR),
    secretKeyPrevious: settings.SECRET_KEY_PREVIOUS,
    eventRetentionDays: settings.EVENT_RETENTION_DAYS,
  })
  const feed = await store.openFeed(toFeedLog(log, outage))
  const api = await serveApi({
    store,
    feed,
    settings,
    log,
    outage,
    sandboxAvailable: settings.SANDBOX_URL !== undefined,
    host: settings.HOST,
    port: settings.PORT,
    publicUrl: settings.PUBLIC_URL,
    relayUrl: settings.PUBLIC_RELAY_URL,
  })
  const authenticator = createAuthenticator({ store, feed })
  const relay = openRelay({ store, feed, authenticator, log })
  relay.attach(api.server)

  // Only now: a key that was made by a start that failed would never have been shown.
  let adminKey: string | undefined
  if (settings.ADMIN_API_KEY !== undefined) await store.apiKeys.ensureAdmin(settings.ADMIN_API_KEY)
  else adminKey = await store.apiKeys.createFirst()

  let stopping = false
  const stop = () => {
    if (stopping) process.exit(1)
    stopping = true
    log.info({}, 'stopping')
    setTimeout(() => process.exit(1), graceMs + 2_000).unref()
    void (async () => {
      await relay.close()
      await api.close(graceMs)
      authenticator.close()
      await feed.close()
      await store.close()
      process.exit(0)
    })()
  }
  for (const name of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.on(name, stop)
  process.stdout.write(`ready ${JSON.stringify({ api: api.url, ...(adminKey ? { adminKey } : {}) })}\n`)
}

run().catch((error: unknown) => {
  process.stderr.write(`${toStartSentence(error, startedWith)}\n`)
  process.exit(1)
})
