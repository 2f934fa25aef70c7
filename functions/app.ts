// The API's table of contents, and the type of its typed client (`hc<App>`).
import { Hono } from 'hono'
import { createAuthenticator } from '../shared/auth/authenticate.ts'
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
import { listChats } from './routes/chats/list.ts'
import { markChatRead } from './routes/chats/mark-read.ts'
import { readChat } from './routes/chats/read.ts'
import { setTyping } from './routes/chats/set-typing.ts'
import { cancelCommand } from './routes/commands/cancel.ts'
import { listCommands } from './routes/commands/list.ts'
import { readCommand } from './routes/commands/read.ts'
import { connectDefault } from './routes/compat/connect.ts'
import { disconnectDefault } from './routes/compat/disconnect.ts'
import { generateQr } from './routes/compat/generate-qr.ts'
import { listCompatChats } from './routes/compat/list-chats.ts'
import { listCompatContacts } from './routes/compat/list-contacts.ts'
import { listCompatMessages } from './routes/compat/list-messages.ts'
import { readCompatQr } from './routes/compat/read-qr.ts'
import { sendCompatMedia } from './routes/compat/send-media.ts'
import { sendCompatText } from './routes/compat/send-text.ts'
import { defaultStatus } from './routes/compat/status.ts'
import { listConnectors } from './routes/connectors/list.ts'
import { readConnector } from './routes/connectors/read.ts'
import { wishDrain } from './routes/connectors/wish-drain.ts'
import { listContacts } from './routes/contacts/list.ts'
import { readContact } from './routes/contacts/read.ts'
import { eventsByAccept } from './routes/events/by-accept.ts'
import { issueTicket } from './routes/events/issue-ticket.ts'
import { createApiKey } from './routes/keys/create.ts'
import { listApiKeys } from './routes/keys/list.ts'
import { readApiKey } from './routes/keys/read.ts'
import { revokeApiKey } from './routes/keys/revoke.ts'
import { editMessage } from './routes/messages/edit.ts'
import { listMessages } from './routes/messages/history.ts'
import { reactToMessage } from './routes/messages/react.ts'
import { readMessage } from './routes/messages/read.ts'
import { revokeMessage } from './routes/messages/revoke.ts'
import { sendMessage } from './routes/messages/send.ts'
import { health } from './routes/ops/health.ts'
import { ready } from './routes/ops/ready.ts'
import { socket } from './routes/ops/socket.ts'
import { readStatistics } from './routes/ops/statistics.ts'
import { setPresence } from './routes/presence/set.ts'
import { subscribePresence } from './routes/presence/subscribe.ts'
import { createSessionRoute } from './routes/sessions/create.ts'
import { listSessions } from './routes/sessions/list.ts'
import { requestPairingCode } from './routes/sessions/pairing-code.ts'
import { patchSession } from './routes/sessions/patch.ts'
import { readQr } from './routes/sessions/qr.ts'
import { readSession } from './routes/sessions/read.ts'
import { removeSession } from './routes/sessions/remove.ts'
import { wishSession } from './routes/sessions/wish.ts'
import { createWebhook } from './routes/webhooks/create.ts'
import { listDeliveries } from './routes/webhooks/list-deliveries.ts'
import { listWebhooks } from './routes/webhooks/list.ts'
import { patchWebhook } from './routes/webhooks/patch.ts'
import { readDelivery } from './routes/webhooks/read-delivery.ts'
import { readWebhook } from './routes/webhooks/read.ts'
import { redeliverRange } from './routes/webhooks/redeliver-range.ts'
import { redeliver } from './routes/webhooks/redeliver.ts'
import { removeWebhook } from './routes/webhooks/remove.ts'
import { rotateWebhookSecret } from './routes/webhooks/rotate-secret.ts'
import { sendWebhookTest } from './routes/webhooks/send-test.ts'
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
    .get('/health', health())
    .get('/ready', ready(api))
    .get('/v1/statistics', readStatistics(api))

    .post('/v1/sessions', createSessionRoute(api))
    .get('/v1/sessions', listSessions(api))
    .get('/v1/sessions/:sessionId', readSession(api))
    .patch('/v1/sessions/:sessionId', patchSession(api))
    .delete('/v1/sessions/:sessionId', removeSession(api))
    .post('/v1/sessions/:sessionId/start', wishSession(api, 'start'))
    .post('/v1/sessions/:sessionId/stop', wishSession(api, 'stop'))
    .post('/v1/sessions/:sessionId/restart', wishSession(api, 'restart'))
    .post('/v1/sessions/:sessionId/logout', wishSession(api, 'logout'))
    .get('/v1/sessions/:sessionId/qr', readQr(api))
    .post('/v1/sessions/:sessionId/pairing-code', requestPairingCode(api))
    .put('/v1/sessions/:sessionId/presence', setPresence(api))
    .post('/v1/sessions/:sessionId/presence/subscribe', subscribePresence(api))

    .post('/v1/sessions/:sessionId/messages', sendMessage(api))
    .get('/v1/sessions/:sessionId/messages/:messageId', readMessage(api))
    .patch('/v1/sessions/:sessionId/messages/:messageId', editMessage(api))
    .delete('/v1/sessions/:sessionId/messages/:messageId', revokeMessage(api))
    .put('/v1/sessions/:sessionId/messages/:messageId/reaction', reactToMessage(api))

    .get('/v1/sessions/:sessionId/chats', listChats(api))
    .get('/v1/sessions/:sessionId/chats/:chatId', readChat(api))
    .get('/v1/sessions/:sessionId/chats/:chatId/messages', listMessages(api))
    .post('/v1/sessions/:sessionId/chats/:chatId/read', markChatRead(api))
    .put('/v1/sessions/:sessionId/chats/:chatId/typing', setTyping(api))
    .get('/v1/sessions/:sessionId/contacts', listContacts(api))
    .get('/v1/sessions/:sessionId/contacts/:contactId', readContact(api))

    .get('/v1/commands', listCommands(api))
    .get('/v1/commands/:commandId', readCommand(api))
    .delete('/v1/commands/:commandId', cancelCommand(api))

    .get('/v1/events', eventsByAccept(api))
    .post('/v1/ws-tickets', issueTicket(api))
    .get('/v1/ws', socket())

    .post('/v1/webhooks', createWebhook(api))
    .get('/v1/webhooks', listWebhooks(api))
    .get('/v1/webhooks/:webhookId', readWebhook(api))
    .patch('/v1/webhooks/:webhookId', patchWebhook(api))
    .delete('/v1/webhooks/:webhookId', removeWebhook(api))
    .post('/v1/webhooks/:webhookId/rotate-secret', rotateWebhookSecret(api))
    .post('/v1/webhooks/:webhookId/test', sendWebhookTest(api))
    .post('/v1/webhooks/:webhookId/redeliver', redeliverRange(api))
    .get('/v1/webhooks/:webhookId/deliveries', listDeliveries(api))
    .get('/v1/webhooks/:webhookId/deliveries/:deliveryId', readDelivery(api))
    .post('/v1/webhooks/:webhookId/deliveries/:deliveryId/redeliver', redeliver(api))

    .get('/v1/connectors', listConnectors(api))
    .get('/v1/connectors/:connectorId', readConnector(api))
    .post('/v1/connectors/:connectorId/drain', wishDrain(api, true))
    .delete('/v1/connectors/:connectorId/drain', wishDrain(api, false))

    .post('/v1/api-keys', createApiKey(api))
    .get('/v1/api-keys', listApiKeys(api))
    .get('/v1/api-keys/:keyId', readApiKey(api))
    .delete('/v1/api-keys/:keyId', revokeApiKey(api))

    // The words of both requirement documents, over the same operations.
    .post('/generate-qr', generateQr(api))
    .get('/qr/:sessionId', readCompatQr(api))
    .get('/contacts/:sessionId', listCompatContacts(api))
    .post('/whatsapp/session/connect', connectDefault(api))
    .get('/whatsapp/session/status', defaultStatus(api))
    .post('/whatsapp/session/disconnect', disconnectDefault(api))
    .post('/whatsapp/message/send/text', sendCompatText(api))
    .post('/whatsapp/message/send/media', sendCompatMedia(api))
    .get('/whatsapp/chats', listCompatChats(api))
    .get('/whatsapp/messages/:jid', listCompatMessages(api))

  return {
    app: routes,
    close: (): void => {
      watch?.close()
      api.waits.close()
      api.eventStreams.close()
      api.sessions.close()
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
    lanes: createLanes(store.chats),
    queueLimit: createQueueLimit({
      commands: store.commands,
      limit: deps.settings.MAX_QUEUED_PER_SESSION,
      monotonicMs,
    }),
    waits: createWaits(feed),
  }
}
