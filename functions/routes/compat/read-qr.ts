// GET /qr/{sessionId}: the QR as a data URL, or a sentence while there is none. Document 1, word for word.
import { Problem } from '../../../shared/model/problem.ts'
import type { Session } from '../../../shared/model/session.ts'
import type { Api } from '../../deps.ts'
import { authorizeSession, operation } from '../../operation.ts'
import { currentQr } from '../sessions/qr.ts'

export const readCompatQr = (api: Api) =>
  operation(api, { scope: 'sessions.read' }, async (c, { actor }) => {
    const sessionId = c.req.param('sessionId') ?? ''
    let session: Session
    try {
      await authorizeSession(api, actor, sessionId, 'sessions.read')
      session = await api.sessions.mustRead(sessionId)
    } catch (error) {
      if (error instanceof Problem && error.code === 'session.not_found')
        return c.json({ error: 'Session not found' }, 404)
      throw error
    }
    if (session.linked) return c.json({ message: 'The session is connected already' }, 200)
    const qr = currentQr(session, api.now())
    return qr ? c.json({ qr: qr.png }, 200) : c.json({ message: 'The QR code is not ready yet' }, 200)
  })
