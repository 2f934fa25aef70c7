// `npm run sandbox`: one sandbox in a process of its own. Ends its start with `ready {"sandbox":"http://…"}`, and
// itself on SIGTERM, SIGINT, or when the parent that started it with an IPC channel goes away.
import { pino } from 'pino'
import { openSandbox } from './open-sandbox.ts'
import { toStartSentence } from './start-failure.ts'

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']
const FORMATS = ['json', 'pretty']

const port = Number(process.env.SANDBOX_PORT || 3100)
const dataDir = process.env.DATA_DIR || '.data'
const level = process.env.LOG_LEVEL || 'info'
const format = process.env.LOG_FORMAT || (process.stderr.isTTY ? 'pretty' : 'json')

const refuseBadSettings = () => {
  const faults = [
    ...(Number.isInteger(port) && port >= 0 && port <= 65_535
      ? []
      : ['SANDBOX_PORT must be a whole number from 0 to 65535']),
    ...(LEVELS.includes(level) ? [] : [`LOG_LEVEL must be one of ${LEVELS.join(', ')}`]),
    ...(FORMATS.includes(format) ? [] : [`LOG_FORMAT must be one of ${FORMATS.join(', ')}`]),
  ]
  if (faults.length > 0) throw new Error(faults.join('; '))
}

const start = async () => {
  refuseBadSettings()
  const log = pino(
    { name: 'sandbox', level },
    format === 'pretty'
      ? pino.transport({ target: 'pino-pretty', options: { destination: 2, ignore: 'pid,hostname' } })
      : pino.destination({ dest: 2, sync: false }),
  )
  const sandbox = await openSandbox({
    port,
    dataDir,
    host: process.env.HOST || undefined,
    log,
  })
  let closing = false
  const stop = () => {
    // A second signal ends it at once; the store survives that.
    if (closing) process.exit(1)
    closing = true
    sandbox.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ error: String(error) }, 'the sandbox did not close cleanly')
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  if (process.send) process.on('disconnect', stop)
  console.log(`ready ${JSON.stringify({ sandbox: sandbox.url })}`)
}

start().catch((error: NodeJS.ErrnoException) => {
  console.error(toStartSentence(error, port, dataDir))
  process.exit(1)
})
