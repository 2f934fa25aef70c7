// Calls.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { listCalls } from './list.ts'
import { rejectCall } from './reject.ts'

export const callsRoutes = (api: Api) =>
  new Hono<AppEnv>()
    .get('/v1/sessions/:sessionId/calls', listCalls(api))
    .post('/v1/sessions/:sessionId/calls/:callId/reject', rejectCall(api))
