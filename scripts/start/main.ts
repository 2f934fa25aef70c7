// `npm start`: everything on one machine, nothing else to install.
import { existsSync, mkdirSync } from 'node:fs'
import { parseSettings } from '../../shared/model/settings.ts'
import { readOrCreateSecret } from '../../shared/store/secret-file.ts'
import { ChildFailed } from './child.ts'
import { openAll } from './open-all.ts'
import { removeRunFile, writeRunFile } from './run-file.ts'

const about: Record<string, string> = {
  uri: 'the MongoDB of MONGODB_URI',
  binary: 'the mongod of this machine',
  download: 'a mongod that was downloaded',
  embedded: 'the embedded server, for trying out (set MONGODB_URI for a real one)',
}
const shutdownMs = 10_000

async function run(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const settings = parseSettings(process.env)
  const env = Object.fromEntries(
    Object.entries(process.env).filter((pair): pair is [string, string] => pair[1] !== undefined),
  )
  mkdirSync(settings.DATA_DIR, { recursive: true })
  const secret = settings.SECRET_KEY ?? readOrCreateSecret(settings.DATA_DIR)
  const say = (sentence: string) => process.stderr.write(`${sentence}\n`)
  const running = await openAll({
    settings,
    env: { ...env, DATA_DIR: settings.DATA_DIR, SECRET_KEY: secret },
    sandbox: settings.SANDBOX_URL === undefined && (settings.SANDBOX ?? settings.NODE_ENV !== 'production'),
    say,
  })
  writeRunFile(settings.DATA_DIR, { api: running.api, mongodbUri: running.mongodbUri, sandbox: running.sandbox })

  let stopping = false
  const stop = () => {
    if (stopping) process.exit(1)
    stopping = true
    setTimeout(() => process.exit(1), shutdownMs).unref()
    removeRunFile(settings.DATA_DIR)
    void running.close().then(() => process.exit(0))
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)

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

run().catch((error: unknown) => {
  if (!(error instanceof ChildFailed && error.isShown))
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
})
