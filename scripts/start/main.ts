// `npm start`: everything on one machine, nothing else to install.
import { existsSync, mkdirSync } from 'node:fs'
import { toStartSentence, type StartedWith } from '../../shared/log/start-failure.ts'
import { parseSettings } from '../../shared/model/settings.ts'
import { readOrCreateSecret } from '../../shared/store/secret-file.ts'
import { ChildFailed } from './child.ts'
import { openAll, type Running } from './open-all.ts'
import { removeRunFile, writeRunFile } from './run-file.ts'

const about: Record<string, string> = {
  uri: 'the MongoDB of MONGODB_URI',
  binary: 'the mongod of this machine',
  download: 'a mongod that was downloaded',
  embedded: 'the embedded server, for trying out (set MONGODB_URI for a real one)',
}
const shutdownMs = 10_000
const exitCodes = { SIGINT: 130, SIGTERM: 143 }
let startedWith: StartedWith = {}
let interrupted: keyof typeof exitCodes | undefined

/** npm dies of a SIGTERM and tells nobody (npm 11, observed 2026-11): started by it, everything ends when it is gone. */
function watchNpm(onGone: () => void): void {
  if (process.env['npm_lifecycle_event'] === undefined) return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    onGone()
  }, 1_000)
  timer.unref()
}

async function run(): Promise<void> {
  const starting = new AbortController()
  let running: Running | undefined
  let dataDir: string | undefined
  const stop = (signal: keyof typeof exitCodes) => {
    if (starting.signal.aborted) process.exit(1)
    starting.abort()
    setTimeout(() => process.exit(1), shutdownMs).unref()
    if (dataDir !== undefined) removeRunFile(dataDir)
    // Not ready yet: the parts are ended by the start itself, which then fails.
    if (running) void running.close().then(() => process.exit(0))
    else interrupted = signal
  }
  process.on('SIGTERM', stop)
  watchNpm(() => stop('SIGTERM'))
  process.on('SIGINT', stop)

  if (existsSync('.env')) process.loadEnvFile('.env')
  const settings = parseSettings(process.env)
  startedWith = { mongodbUri: settings.MONGODB_URI, dataDir: settings.DATA_DIR }
  const env = Object.fromEntries(
    Object.entries(process.env).filter((pair): pair is [string, string] => pair[1] !== undefined),
  )
  mkdirSync(settings.DATA_DIR, { recursive: true })
  const secret = settings.SECRET_KEY ?? readOrCreateSecret(settings.DATA_DIR)
  const say = (sentence: string) => process.stderr.write(`${sentence}\n`)
  // The parts write into pipes; whether a person reads along is known here only.
  const format = settings.LOG_FORMAT ?? (process.stderr.isTTY ? 'pretty' : 'json')
  running = await openAll({
    settings,
    env: { ...env, DATA_DIR: settings.DATA_DIR, SECRET_KEY: secret, LOG_FORMAT: format },
    sandbox: settings.SANDBOX_URL === undefined && (settings.SANDBOX ?? settings.NODE_ENV !== 'production'),
    say,
    signal: starting.signal,
  })
  if (interrupted) return running.close()
  dataDir = settings.DATA_DIR
  writeRunFile(dataDir, { api: running.api, mongodbUri: running.mongodbUri, sandbox: running.sandbox })

  const lines = [
    '',
    'wastream is running.',
    `  API       ${running.api}`,
    ...(running.sandbox ? [`  Sandbox   ${running.sandbox}  (pretend phones, to try it without one)`] : []),
    `  MongoDB   ${about[running.mongodb] ?? running.mongodb}`,
    ...(running.adminKey
      ? [`  API key   ${running.adminKey}`, "            (the administrator's; shown this once, keep it)"]
      : []),
    '  Next      npm run link -- my-phone          links a real phone: scan the QR in the terminal',
    ...(running.sandbox ? ['            npm run demo                      shows the main job in half a minute'] : []),
    '',
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
  const { api, sandbox, mongodb } = running
  process.stdout.write(`ready ${JSON.stringify({ api, ...(sandbox ? { sandbox } : {}), mongodb })}\n`)
}

const exitIfInterrupted = () => {
  if (interrupted) process.exit(exitCodes[interrupted])
}

run().then(exitIfInterrupted, (error: unknown) => {
  exitIfInterrupted()
  if (!(error instanceof ChildFailed && error.isShown)) process.stderr.write(`${toStartSentence(error, startedWith)}\n`)
  process.exit(1)
})
