// `npm run mongo`: a MongoDB for this machine alone, with its address on the last line it prints.
// Ends on SIGTERM and SIGINT, and when the process that started it over IPC goes away.
import { toStartSentence, type StartedWith } from '../shared/log/start-failure.ts'
import { openMongo, type OpenedMongo } from './embedded-mongo/open-mongo.ts'

const stopTimeoutMs = 10_000
let startedWith: StartedWith = {}

async function run(): Promise<void> {
  const { DATA_DIR = '.data', MONGODB_URI, MONGO_PORT = '0', MONGO_SKIP_DOWNLOAD } = process.env
  const port = Number(MONGO_PORT)
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new Error('MONGO_PORT must be a whole number from 0 to 65535')
  startedWith = { port: { name: 'MONGO_PORT', value: port }, mongodbUri: MONGODB_URI, dataDir: DATA_DIR }
  let opened: OpenedMongo | undefined
  let isStopping = false
  const stop = (): void => {
    if (isStopping) process.exit(1)
    isStopping = true
    setTimeout(() => process.exit(1), stopTimeoutMs).unref()
    void (opened?.close() ?? Promise.resolve()).then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(`MongoDB did not close cleanly: ${(error as Error).message}`)
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  process.on('disconnect', stop)
  opened = await openMongo({ dataDir: DATA_DIR, uri: MONGODB_URI, port, skipDownload: MONGO_SKIP_DOWNLOAD === '1' })
  console.log(`ready ${JSON.stringify({ uri: opened.uri, mongodb: opened.kind })}`)
  // A given URI needs no process, but whoever started this one waits for its end.
  setInterval(() => undefined, 2 ** 30)
}

run().catch((error: unknown) => {
  console.error(toStartSentence(error, startedWith))
  process.exit(1)
})
