// Everything on one machine: MongoDB, sandbox, connector, API with relay; each in a process of its own, supervised.
import type { Settings } from '../../shared/model/settings.ts'
import { checkReplicaSet } from '../embedded-mongo/open-mongo.ts'
import { openPart, type Part } from './part.ts'

export type OpenAllOptions = {
  settings: Settings
  /** The environment the parts are given; settings of ours are laid over it. */
  env: Record<string, string>
  sandbox: boolean
  say: (sentence: string) => void
  /** Ends a start that is under way: every part is gone when it rejects. */
  signal?: AbortSignal
}

export type Running = {
  api: string
  sandbox: string | undefined
  mongodb: string
  mongodbUri: string
  /** The first administrator's key; only when it was made just now. */
  adminKey: string | undefined
  /** Stops in the order that loses nothing: API, connector, sandbox, MongoDB. */
  close(): Promise<void>
}

const sandboxTimeoutMs = 5_000

/** Rejects with one clear sentence when a part cannot start; what had started is stopped again. */
export async function openAll(options: OpenAllOptions): Promise<Running> {
  const { settings, env, sandbox, say } = options
  const failing = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, failing.signal]) : failing.signal
  const opened: Part[] = []
  const opening = new Set<Promise<Part>>()
  // Two parts that fail for one reason say it once.
  let said: Set<string> | undefined = new Set()
  const onStderr = (line: string) => {
    if (said?.has(line)) return
    said?.add(line)
    process.stderr.write(`${line}\n`)
  }

  async function open(name: string, program: string, partEnv: () => Record<string, string>): Promise<Part> {
    signal.throwIfAborted()
    const starting = openPart({ name, program, env: () => ({ ...env, ...partEnv() }), say, onStderr, signal })
    opening.add(starting)
    const part = await starting
    opened.push(part)
    return part
  }
  async function close(): Promise<void> {
    for (const part of opened.reverse()) await part.stop()
  }

  try {
    if (settings.MONGODB_URI !== undefined) await unlessAborted(signal, checkReplicaSet(settings.MONGODB_URI))
    if (settings.SANDBOX_URL !== undefined) await unlessAborted(signal, checkSandbox(settings.SANDBOX_URL))
    // A MongoDB that comes back must come back at the same address.
    let mongoPort = '0'
    // One after the other: a folder in use is said once.
    const mongo =
      settings.MONGODB_URI === undefined
        ? await open('MongoDB', 'scripts/mongo.ts', () => ({ DATA_DIR: settings.DATA_DIR, MONGO_PORT: mongoPort }))
        : undefined
    const sandboxPart = sandbox
      ? await open('the sandbox', 'scripts/sandbox/main.ts', () => ({
          DATA_DIR: settings.DATA_DIR,
          SANDBOX_PORT: String(settings.SANDBOX_PORT),
          // Pretend phones are for this machine, wherever the API listens.
          HOST: '127.0.0.1',
        }))
      : undefined
    const mongodbUri = settings.MONGODB_URI ?? mongo?.ready['uri'] ?? ''
    mongoPort = /:(\d+)[/?]/.exec(mongodbUri.replace('mongodb://', ''))?.[1] ?? '0'
    const sandboxUrl = settings.SANDBOX_URL ?? sandboxPart?.ready['sandbox']
    const shared = { MONGODB_URI: mongodbUri, ...(sandboxUrl ? { SANDBOX_URL: sandboxUrl } : {}) }
    const [, api] = await Promise.all([
      open('the connector', 'connector/main.ts', () => ({
        ...shared,
        CONNECTOR_ROLES: 'sessions,webhooks',
        CONNECTOR_PORT: '0',
      })),
      open('the API', 'scripts/start/serve.ts', () => shared),
    ])
    said = undefined
    return {
      api: api.ready['api'] ?? '',
      sandbox: sandboxUrl,
      mongodb: settings.MONGODB_URI === undefined ? (mongo?.ready['mongodb'] ?? '') : 'uri',
      mongodbUri,
      adminKey: api.ready['adminKey'],
      close,
    }
  } catch (error) {
    failing.abort()
    await Promise.allSettled(opening)
    await close()
    throw error
  }
}

function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    work.then(resolve, reject)
  })
}

async function checkSandbox(url: string): Promise<void> {
  try {
    await fetch(url, { signal: AbortSignal.timeout(sandboxTimeoutMs) })
  } catch (cause) {
    const { host } = new URL(url)
    throw new Error(`SANDBOX_URL: no sandbox answers at ${host}; start it, or leave SANDBOX_URL out to get one here`, {
      cause,
    })
  }
}
