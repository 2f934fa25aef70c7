// The sandbox's HTTP door: how scripts and tests hold the pretend phones. Every refusal is a problem document.
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { Refusal } from '../server/refusal.ts'
import { addAccountRoutes } from './account-routes.ts'
import { addAppStateRoutes } from './app-state-routes.ts'
import type { DoorDeps } from './deps.ts'
import { addChannelRoutes } from './channel-routes.ts'
import { addFaultRoutes } from './fault-routes.ts'
import { addGroupRoutes } from './group-routes.ts'
import { addMediaRoutes } from './media-routes.ts'
import { addMessageRoutes } from './message-routes.ts'
import { addPhoneRoutes } from './phone-routes.ts'
import { BadInput } from './read-input.ts'
import { addSignalRoutes } from './signal-routes.ts'
import { addStanzaRoutes } from './stanza-routes.ts'

const MAX_BODY_BYTES = 32 * 1024 * 1024

const problem = (status: ContentfulStatusCode, code: string, detail: string, errors?: BadInput['errors']): Response =>
  Response.json(
    { type: 'about:blank', title: code, status, code, detail, retryable: false, ...(errors ? { errors } : {}) },
    { status, headers: { 'content-type': 'application/problem+json' } },
  )

export const createDoor = (deps: DoorDeps): Hono => {
  const { exchange, place } = deps
  const app = new Hono()
  app.use(
    bodyLimit({ maxSize: MAX_BODY_BYTES, onError: () => problem(413, 'body.too_large', 'The body is too large.') }),
  )
  app.get('/', (c) =>
    c.json({
      wsUrl: `${place.url.replace(/^http/, 'ws')}/ws/chat`,
      mediaUrl: exchange.media.url,
      ca: exchange.media.ca,
      phones: exchange.store.phones.all(),
    }),
  )
  addPhoneRoutes(app, deps)
  addMessageRoutes(app, deps)
  addSignalRoutes(app, deps)
  addGroupRoutes(app, deps)
  addChannelRoutes(app, deps)
  addMediaRoutes(app, deps)
  addAppStateRoutes(app, deps)
  addAccountRoutes(app, deps)
  addFaultRoutes(app, deps)
  addStanzaRoutes(app, deps)
  app.notFound(() => problem(404, 'route.not_found', 'There is no such route.'))
  app.onError((error) => {
    if (error instanceof BadInput) {
      return problem(
        error.status,
        error.status === 400 ? 'body.malformed' : 'input.invalid',
        error.message,
        error.errors,
      )
    }
    if (error instanceof Refusal) return problem(error.status, error.code, error.message)
    exchange.log.warn({ error: String(error) }, 'the door failed')
    return problem(500, 'internal', 'Something went wrong in the sandbox.')
  })
  return app
}
