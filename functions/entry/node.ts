// `npm run start:api`: the API alone, against MONGODB_URI. Any number of these run side by side.
import { pathToFileURL } from 'node:url'
import { Problem } from '../../shared/model/problem.ts'
import { parseSettings } from '../../shared/model/settings.ts'
import { openStore } from '../../shared/store/open-store.ts'
import { readOrCreateSecret } from '../../shared/store/secret-file.ts'
import { createLog } from './log.ts'
import { serveApi } from './serve-api.ts'

const graceMs = 10_000

async function run(): Promise<void> {
  const settings = parseSettings(process.env)
  const log = createLog(settings.LOG_LEVEL, settings.LOG_FORMAT)
  if (settings.MONGODB_URI === undefined)
    throw new Problem('settings.invalid', { detail: 'MONGODB_URI is needed by an API of its own' })

  const store = await openStore({
    uri: settings.MONGODB_URI,
    dbName: settings.MONGODB_DB,
    secretKey: settings.SECRET_KEY ?? readOrCreateSecret(settings.DATA_DIR),
    secretKeyPrevious: settings.SECRET_KEY_PREVIOUS,
    eventRetentionDays: settings.EVENT_RETENTION_DAYS,
  })
  if (settings.ADMIN_API_KEY !== undefined) await store.apiKeys.ensureAdmin(settings.ADMIN_API_KEY)
  const feed = await store.openFeed({
    onError: (err) => log.warn({ err }, 'the change stream broke and is opened again'),
  })
  const api = await serveApi({
    store,
    feed,
    settings,
    log,
    sandboxAvailable: settings.SANDBOX ?? settings.SANDBOX_URL !== undefined,
    host: settings.HOST,
    port: settings.PORT,
    publicUrl: settings.PUBLIC_URL,
    relayUrl: settings.PUBLIC_RELAY_URL,
  })

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
  process.stdout.write(`ready ${JSON.stringify({ api: api.url })}\n`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  run().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  })
