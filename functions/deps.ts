// What the API needs from the world. Entries read it; everything else is handed it.
import type { Authenticator } from '../shared/auth/authenticate.ts'
import type { Actor } from '../shared/model/api-key.ts'
import type { Outage } from '../shared/log/outage.ts'
import type { Settings } from '../shared/model/settings.ts'
import type { BatchTeller } from '../shared/feed/tell-batch.ts'
import type { Feed } from '../shared/store/feed.ts'
import type { Store } from '../shared/store/open-store.ts'
import type { EventStreamLimits, EventStreams } from './event-streams/event-streams.ts'
import type { KnownSessions } from './known-sessions.ts'
import type { Lanes } from './lanes.ts'
import type { QueueLimit } from './queue-limit.ts'
import type { RateLimiter } from './rate-limiter.ts'
import type { Waits } from './waits.ts'

/** pino's shape: fields first, then the sentence. */
export type Log = Record<'debug' | 'info' | 'warn' | 'error', (fields: object, message: string) => void>

export type AppDeps = {
  store: Store
  /** Absent on hosts without a change stream: keys are looked up each time and waits poll. */
  feed?: Feed | undefined
  settings: Pick<
    Settings,
    | 'DEFAULT_SESSION_ID'
    | 'CORS_ORIGINS'
    | 'TRUST_PROXY'
    | 'RATE_LIMIT_PER_MINUTE'
    | 'MAX_QUEUED_PER_SESSION'
    | 'ALLOW_PRIVATE_ADDRESSES'
    | 'MEDIA_MAX_MB'
  >
  log: Log
  /** Says once that MongoDB is away. Absent: one of the app's own, over with the first answer that is no failure. */
  outage?: Outage | undefined
  /** False: `sandbox: true` is refused with `session.sandbox_off`. */
  sandboxAvailable: boolean
  /** Where browsers open the socket (`ws://host/v1/ws`), as seen from this request. */
  relayUrl(request: Request): string
  /** Bounds of server-sent events. */
  eventStreams?: Partial<EventStreamLimits> | undefined
  /** Epoch ms. Default Date.now. */
  now?: (() => number) | undefined
  /** The feed's clock, ms. Default performance.now. */
  monotonicMs?: (() => number) | undefined
}

/** What operations share inside one app. */
export type Api = {
  deps: AppDeps
  store: Store
  now: () => number
  auth: Authenticator
  limiter: RateLimiter
  sessions: KnownSessions
  lanes: Lanes
  queueLimit: QueueLimit
  /** Tells the progress of a batch when something of it was ended here. */
  tellBatch: BatchTeller
  waits: Waits
  eventStreams: EventStreams
}

/** What a runtime may say of the connection; each entry fills in what it knows. */
export type Bindings = {
  incoming?: { socket?: { remoteAddress?: string | undefined } }
  remoteAddress?: string
}

export type AppEnv = { Bindings: Bindings; Variables: { requestId: string; actor: Actor } }
