// Whether we are there, and who is.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { setPresence } from './set.ts'
import { subscribePresence } from './subscribe.ts'

export const presenceRoutes = (api: Api) =>
  new Hono<AppEnv>()
    .put('/v1/sessions/:sessionId/presence', setPresence(api))
    .post('/v1/sessions/:sessionId/presence/subscribe', subscribePresence(api))
