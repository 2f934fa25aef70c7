// Everything on one machine: MongoDB, sandbox, connector, API with relay; each in a process of its own, supervised.
import type { Settings } from '../../shared/model/settings.ts'
import { openPart, type Part } from './part.ts'

export type OpenAllOptions = {
  settings: Settings
  /** The environment the parts are given; settings of ours are laid over it. */
  env: Record<string, string>
  sandbox: boolean
  say: (sentence: string) => void
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

/** Rejects with one clear sentence when a part cannot start; what had started is stopped again. */
export async function openAll({ settings, env, sandbox, say }: OpenAllOptions): Promise<Running> {
  const opened: Part[] = []
  const open = async (name: string, program: string, partEnv: () => Record<string, string>) => {
    const part = await openPart({ name, program, env: () => ({ ...env, ...partEnv() }), say })
    opened.push(part)
    return part
  }
  const close = async () => {
    for (const part of opened.reverse()) await part.stop()
  }
  try {
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
    return {
      api: api.ready['api'] ?? '',
      sandbox: sandboxUrl,
      mongodb: settings.MONGODB_URI === undefined ? (mongo?.ready['mongodb'] ?? '') : 'uri',
      mongodbUri,
      adminKey: api.ready['adminKey'],
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
