// The API's table of contents, and the type of its typed client (`hc<App>`).
import { Hono } from 'hono'
import { createAuthenticator } from '../shared/auth/authenticate.ts'
import { createBatchTeller } from '../shared/feed/tell-batch.ts'
import { createOutage, mongodbSentences } from '../shared/log/outage.ts'
import { Problem } from '../shared/model/problem.ts'
import type { Api, AppDeps, AppEnv } from './deps.ts'
import { createEventStreams } from './event-streams/event-streams.ts'
import { createKnownSessions } from './known-sessions.ts'
import { createLanes } from './lanes.ts'
import { createQueueLimit } from './queue-limit.ts'
import { createRateLimiter } from './rate-limiter.ts'
import { front } from './request/front.ts'
import { methodsOf } from './request/methods-of.ts'
import { problemResponse, toProblem } from './request/problem-response.ts'
import { openStoreWatch } from './request/store-watch.ts'
import { batchesRoutes } from './routes/batches/routes.ts'
import { callsRoutes } from './routes/calls/routes.ts'
import { channelsRoutes } from './routes/channels/routes.ts'
import { chatsRoutes } from './routes/chats/routes.ts'
import { commandsRoutes } from './routes/commands/routes.ts'
import { compatRoutes } from './routes/compat/routes.ts'
import { connectorsRoutes } from './routes/connectors/routes.ts'
import { contactsRoutes } from './routes/contacts/routes.ts'
import { eventsRoutes } from './routes/events/routes.ts'
import { groupsRoutes } from './routes/groups/routes.ts'
import { keysRoutes } from './routes/keys/routes.ts'
import { mediaRoutes } from './routes/media/routes.ts'
import { labelsRoutes } from './routes/labels/routes.ts'
import { messagesRoutes } from './routes/messages/routes.ts'
import { opsRoutes } from './routes/ops/routes.ts'
import { presenceRoutes } from './routes/presence/routes.ts'
import { profileRoutes } from './routes/profile/routes.ts'
import { sessionsRoutes } from './routes/sessions/routes.ts'
import { storiesRoutes } from './routes/stories/routes.ts'
import { webhooksRoutes } from './routes/webhooks/routes.ts'
import { createWaits } from './waits.ts'

/** @public The type of the typed client (`hc<App>`). */
export type App = ReturnType<typeof createApp>['app']

/** `close` ends waits and listeners; the store and the feed stay the caller's. */
export function createApp(deps: AppDeps) {
  const api = createApi(deps)
  const outage = deps.outage ?? createOutage(deps.log, mongodbSentences)
  const logs = { log: deps.log, outage }
  const app = new Hono<AppEnv>()
  app.use(front(deps.settings.CORS_ORIGINS, deps.settings.TRUST_PROXY))
  const watch =
    deps.feed &&
    openStoreWatch({
      feed: deps.feed,
      ping: deps.store.ping,
      monotonicMs: deps.monotonicMs ?? (() => performance.now()),
    })
  if (watch) for (const path of askingPaths) app.use(path, watch.middleware)
  if (!deps.outage)
    for (const path of askingPaths)
      app.use(path, async (c, next) => {
        await next()
        if (c.res.ok) outage.over()
      })
  app.onError((error, c) => problemResponse(c, toProblem(error), logs))
  app.notFound((c) => {
    const methods = methodsOf(app, c.req.path)
    if (methods.length === 0) return problemResponse(c, new Problem('route.not_found'), logs)
    c.header('Allow', methods.join(', '))
    return problemResponse(c, new Problem('route.method_not_allowed'), logs)
  })

  const routes = app
    .route('/', opsRoutes(api))
    .route('/', sessionsRoutes(api))
    .route('/', presenceRoutes(api))
    .route('/', batchesRoutes(api))
    .route('/', messagesRoutes(api))
    .route('/', mediaRoutes(api))
    .route('/', chatsRoutes(api))
    .route('/', contactsRoutes(api))
    .route('/', groupsRoutes(api))
    .route('/', channelsRoutes(api))
    .route('/', labelsRoutes(api))
    .route('/', callsRoutes(api))
    .route('/', profileRoutes(api))
    .route('/', storiesRoutes(api))
    .route('/', commandsRoutes(api))
    .route('/', eventsRoutes(api))
    .route('/', webhooksRoutes(api))
    .route('/', connectorsRoutes(api))
    .route('/', keysRoutes(api))
    .route('/', compatRoutes(api))

  return {
    app: routes,
    close: (): void => {
      watch?.close()
      api.waits.close()
      api.eventStreams.close()
      api.sessions.close()
      api.lanes.close()
      api.auth.close()
    },
  }
}

/** Everything but `/health`, which is the process's own, and `/ready`, which asks for itself. */
const askingPaths = ['/v1/*', '/generate-qr', '/qr/*', '/contacts/*', '/whatsapp/*']

function createApi(deps: AppDeps): Api {
  const { store, feed } = deps
  const now = deps.now ?? (() => Date.now())
  const monotonicMs = deps.monotonicMs ?? (() => performance.now())
  const auth = createAuthenticator({ store, feed, now, monotonicMs })
  return {
    deps,
    store,
    now,
    auth,
    eventStreams: createEventStreams({ store, feed, auth, log: deps.log, monotonicMs, limits: deps.eventStreams }),
    limiter: createRateLimiter({ rateLimits: store.rateLimits, perMinute: deps.settings.RATE_LIMIT_PER_MINUTE, now }),
    sessions: createKnownSessions({ sessions: store.sessions, feed, monotonicMs }),
    lanes: createLanes(store.chats, feed),
    queueLimit: createQueueLimit({
      commands: store.commands,
      limit: deps.settings.MAX_QUEUED_PER_SESSION,
      monotonicMs,
    }),
    tellBatch: createBatchTeller({
      batches: store.batches,
      append: (stream, event) => store.events.appendOnce(stream, [event]),
    }),
    waits: createWaits(feed),
  }
}
