// The API in process, on a database of the test's own, with an administrator's key: a request is one call.
import { createApp } from '../../functions/app.ts'
import type { AppDeps } from '../../functions/deps.ts'
import type { CreateApiKey } from '../../shared/model/api-key.ts'
import { parseSettings } from '../../shared/model/settings.ts'
import type { Feed } from '../../shared/store/feed.ts'
import { openTestStore, type TestStore } from './mongo.ts'

export type Answer = { status: number; body: any; text: string; headers: Headers }
export type CallOptions = {
  /** Default: the administrator's. `null` = none. */
  key?: string | null
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
}

export type TestApi = TestStore & {
  app: ReturnType<typeof createApp>['app']
  feed: Feed | undefined
  adminKey: string
  call(method: string, path: string, options?: CallOptions): Promise<Answer>
  createKey(rights: Pick<CreateApiKey, 'scopes' | 'sessions' | 'expiresAt'>): Promise<{ key: string; keyId: string }>
  /** A session as the API makes it; answers its id. */
  createSession(sessionId?: string): Promise<string>
}

export type TestApiOptions = Partial<Omit<AppDeps, 'feed' | 'settings' | 'store'>> & {
  /** Default true: a change stream as on Node. */
  withFeed?: boolean
  env?: Record<string, string>
  /** A store to use instead of a fresh one; it stays the caller's. */
  on?: TestStore
}

const silent = () => undefined
let sessions = 0

export async function openTestApi(options: TestApiOptions = {}): Promise<TestApi> {
  const { withFeed = true, env = {}, on, ...deps } = options
  const opened = on ?? (await openTestStore())
  const { store } = opened
  const feed = withFeed ? await store.openFeed() : undefined
  const { app, close } = createApp({
    store,
    feed,
    settings: parseSettings({ RATE_LIMIT_PER_MINUTE: '100000', ...env }),
    log: { debug: silent, info: silent, warn: silent, error: silent },
    sandboxAvailable: true,
    relayUrl: () => 'ws://relay.test/v1/ws',
    ...deps,
  })

  async function createKey(rights: Pick<CreateApiKey, 'scopes' | 'sessions' | 'expiresAt'>) {
    const { key, token } = await store.apiKeys.create({ name: 'test', ...rights }, 'test')
    return { key: token, keyId: key._id }
  }
  const { key: adminKey } = await createKey({ scopes: ['*'] })

  async function call(method: string, path: string, given: CallOptions = {}): Promise<Answer> {
    const { key = adminKey, body, headers = {}, signal } = given
    const response = await app.request(path, {
      method,
      headers: {
        ...(key === null ? {} : { Authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    })
    const text = await response.text()
    const isJson = /json/.test(response.headers.get('content-type') ?? '')
    return { status: response.status, body: isJson ? JSON.parse(text) : undefined, text, headers: response.headers }
  }

  return {
    ...opened,
    app,
    feed,
    adminKey,
    call,
    createKey,
    async createSession(sessionId = `ses${(sessions += 1)}`) {
      const made = await call('POST', '/v1/sessions', { body: { sessionId } })
      if (made.status !== 201) throw new Error(`no session: ${made.text}`)
      return sessionId
    },
    async close() {
      close()
      await feed?.close()
      if (!on) await opened.close()
    },
  }
}
