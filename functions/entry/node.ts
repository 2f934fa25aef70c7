// `npm run start:api`: the API alone, against MONGODB_URI. Any number of these run side by side.
import { pathToFileURL } from 'node:url'
import { toFeedLog } from '../../shared/log/feed-log.ts'
import { createOutage, mongodbSentences } from '../../shared/log/outage.ts'
import { toStartSentence, type StartedWith } from '../../shared/log/start-failure.ts'
import { Problem } from '../../shared/model/problem.ts'
import { parseSettings } from '../../shared/model/settings.ts'
import { openStore } from '../../shared/store/open-store.ts'
import { readOrCreateSecret } from '../../shared/store/secret-file.ts'
import { createLog } from './log.ts'
import { serveApi } from './serve-api.ts'

const graceMs = 10_000
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
  if (settings.ADMIN_API_KEY !== undefined) await store.apiKeys.ensureAdmin(settings.ADMIN_API_KEY)
  else if (settings.NODE_ENV === 'production' && !(await store.apiKeys.anyExists()))
    throw new Problem('settings.invalid', {
      detail: 'ADMIN_API_KEY is needed: this database has no API key yet, and in production none is printed',
    })
  const feed = await store.openFeed(toFeedLog(log, outage))
  const api = await serveApi({
    store,
    feed,
    settings,
    log,
    outage,
    sandboxAvailable: settings.SANDBOX ?? settings.SANDBOX_URL !== undefined,
    host: settings.HOST,
    port: settings.PORT,
    publicUrl: settings.PUBLIC_URL,
    relayUrl: settings.PUBLIC_RELAY_URL,
  })

  // Only now: a key that was made by a start that failed would never have been shown.
  const adminKey = settings.ADMIN_API_KEY === undefined ? await store.apiKeys.createFirst() : undefined

  let isStopping = false
  const stop = (): void => {
    if (isStopping) process.exit(1)
    isStopping = true
    log.info({}, 'stopping')
    setTimeout(() => process.exit(1), graceMs).unref()
    void (async () => {
      await api.close(graceMs - 1_000)
      await feed.close()
      await store.close()
      process.exit(0)
    })()
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  // Started by another program of ours, it ends with it.
  if (process.channel) process.on('disconnect', stop)
  if (adminKey !== undefined)
    process.stdout.write(`API key ${adminKey} (the administrator's; shown this once, keep it)\n`)
  process.stdout.write(`ready ${JSON.stringify({ api: api.url })}\n`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  run().catch((error: unknown) => {
    process.stderr.write(`${toStartSentence(error, startedWith)}\n`)
    process.exit(1)
  })
