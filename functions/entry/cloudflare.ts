// The API on Cloudflare. A MongoDB connection cannot outlive a request in a Worker, but it can in a Durable Object:
// the whole app runs inside a few of them, and the Worker only chooses one by the caller's key.
import { readToken } from '../../shared/auth/read-token.ts'
import { Problem } from '../../shared/model/problem.ts'
import { parseSettings } from '../../shared/model/settings.ts'
import { openStore, type Store } from '../../shared/store/open-store.ts'
import { createApp } from '../app.ts'
import { toProblem, toProblemJson } from '../request/problem-response.ts'
import { createConsoleLog } from './console-log.ts'
import { toSocketUrl } from './socket-url.ts'

/** How many objects share the load; one key always meets the same one, so that its rate limit is counted in one place. */
const objects = 8
/** Connections to MongoDB per object, beside the two that the driver watches the server with. */
const maxPoolSize = 4
const serverSelectionTimeoutMs = 4_000
/** None: workerd's socket.setTimeout adds a listener each time and keeps it. A frozen server is found by the driver's own
 * monitor, which then interrupts what is in use (driver 7.9, workerd 1.20260426, observed 2026-11). */
const socketTimeoutMs = 0

type Stub = { fetch(request: Request): Promise<Response> }
export type CloudflareEnv = Record<string, unknown> & {
  API: { idFromName(name: string): unknown; get(id: unknown): Stub }
}

export default {
  fetch(request: Request, env: CloudflareEnv): Promise<Response> {
    const token = readToken((name) => request.headers.get(name)) ?? ''
    return env.API.get(env.API.idFromName(`api-${hashOf(token) % objects}`)).fetch(request)
  },
}

/** FNV-1a: spreads keys over objects, nothing more. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  return hash
}

type Opened = { store: Store; fetch(request: Request): Promise<Response>; close(): Promise<void> }

export class ApiObject {
  readonly #env: CloudflareEnv
  #opening: Promise<Opened> | undefined

  constructor(_state: unknown, env: CloudflareEnv) {
    this.#env = env
  }

  /** A lost connection is rebuilt once; the request is repeated only if it reads. */
  async fetch(request: Request): Promise<Response> {
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    const repeat = isRead ? request.clone() : undefined
    const opening = this.#open()
    const answer = await answerBy(opening, request)
    if (answer.status !== 503) return answer
    this.#drop(opening)
    return repeat ? answerBy(this.#open(), repeat) : answer
  }

  #open(): Promise<Opened> {
    return (this.#opening ??= open(this.#env))
  }

  /** Several requests may fail at once; only the first drops what failed, so that none drops what was rebuilt. */
  #drop(failed: Promise<Opened>): void {
    if (this.#opening !== failed) return
    this.#opening = undefined
    // What is lost need not be closed cleanly.
    void failed.then((opened) => opened.close()).catch(() => undefined)
  }
}

async function answerBy(opening: Promise<Opened>, request: Request): Promise<Response> {
  try {
    return await (await opening).fetch(request)
  } catch (error) {
    const problem = toProblem(error)
    return new Response(toProblemJson(problem, crypto.randomUUID()), {
      status: problem.status,
      headers: { 'content-type': 'application/problem+json', 'retry-after': String(problem.retryAfterSeconds ?? 5) },
    })
  }
}

async function open(env: CloudflareEnv): Promise<Opened> {
  const texts = Object.entries(env).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  const settings = parseSettings(Object.fromEntries(texts))
  if (settings.MONGODB_URI === undefined || settings.SECRET_KEY === undefined)
    throw new Problem('settings.invalid', { detail: 'The secrets MONGODB_URI and SECRET_KEY must be set' })
  const store = await openStore({
    uri: settings.MONGODB_URI,
    dbName: settings.MONGODB_DB,
    secretKey: settings.SECRET_KEY,
    secretKeyPrevious: settings.SECRET_KEY_PREVIOUS,
    eventRetentionDays: settings.EVENT_RETENTION_DAYS,
    maxPoolSize,
    serverSelectionTimeoutMs,
    socketTimeoutMs,
  })
  if (settings.ADMIN_API_KEY !== undefined) await store.apiKeys.ensureAdmin(settings.ADMIN_API_KEY)
  const { app, close } = createApp({
    store,
    settings,
    log: createConsoleLog(settings.LOG_LEVEL),
    sandboxAvailable: settings.SANDBOX ?? settings.SANDBOX_URL !== undefined,
    relayUrl: (request) =>
      toSocketUrl(settings.PUBLIC_RELAY_URL ?? settings.PUBLIC_URL ?? new URL('/', request.url).href),
  })
  return {
    store,
    fetch: async (request) =>
      app.fetch(request, { remoteAddress: request.headers.get('cf-connecting-ip') ?? 'unknown' }),
    async close() {
      close()
      await store.close()
    },
  }
}
