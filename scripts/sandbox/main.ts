// `npm run sandbox`: one sandbox in a process of its own. Ends its start with `ready {"sandbox":"http://…"}`, and
// itself on SIGTERM, SIGINT, or when the parent that started it with an IPC channel goes away.
import { pino } from 'pino'
import { openSandbox } from './open-sandbox.ts'

const log = pino({ level: process.env.LOG_LEVEL ?? 'info' }, pino.destination({ dest: 2, sync: false }))
const port = Number(process.env.SANDBOX_PORT ?? 3100)

const start = async () => {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error('SANDBOX_PORT is not a port')
  const sandbox = await openSandbox({
    port,
    dataDir: process.env.DATA_DIR ?? '.data',
    host: process.env.HOST,
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
  const reason = error.code === 'EADDRINUSE' ? `port ${port} is taken` : error.message
  console.error(`The sandbox cannot start: ${reason}.`)
  process.exit(1)
})
