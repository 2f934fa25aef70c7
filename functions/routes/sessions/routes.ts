// Sessions: a session is one linked phone.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { createSessionRoute } from './create.ts'
import { exportSession } from './export.ts'
import { importSession } from './import.ts'
import { listSessions } from './list.ts'
import { requestPairingCode } from './pairing-code.ts'
import { patchSession } from './patch.ts'
import { readQr } from './qr.ts'
import { readSession } from './read.ts'
import { removeSession } from './remove.ts'
import { wishSession } from './wish.ts'

export const sessionsRoutes = (api: Api) =>
  new Hono<AppEnv>()
    .post('/v1/sessions', createSessionRoute(api))
    .post('/v1/sessions/import', importSession(api))
    .get('/v1/sessions', listSessions(api))
    .get('/v1/sessions/:sessionId', readSession(api))
    .patch('/v1/sessions/:sessionId', patchSession(api))
    .delete('/v1/sessions/:sessionId', removeSession(api))
    .post('/v1/sessions/:sessionId/start', wishSession(api, 'start'))
    .post('/v1/sessions/:sessionId/stop', wishSession(api, 'stop'))
    .post('/v1/sessions/:sessionId/restart', wishSession(api, 'restart'))
    .post('/v1/sessions/:sessionId/export', exportSession(api))
    .post('/v1/sessions/:sessionId/logout', wishSession(api, 'logout'))
    .get('/v1/sessions/:sessionId/qr', readQr(api))
    .post('/v1/sessions/:sessionId/pairing-code', requestPairingCode(api))
