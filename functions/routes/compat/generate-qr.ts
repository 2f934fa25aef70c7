// POST /generate-qr {sessionId}: makes the session if it is new, and starts it. Document 1, word for word.
import * as v from 'valibot'
import { teamStream } from '../../../shared/model/event.ts'
import { Problem } from '../../../shared/model/problem.ts'
import { SessionId } from '../../../shared/model/session.ts'
import type { Api } from '../../deps.ts'
import { authorizeSession, operation } from '../../operation.ts'
import { createSession } from '../sessions/create.ts'
import { wishFor } from '../sessions/wish.ts'

const GenerateQr = v.strictObject({ sessionId: v.optional(v.unknown()) })

export const generateQr = (api: Api) =>
  operation(api, { scope: 'sessions.write', body: GenerateQr }, async (c, { actor, body }) => {
    const { sessionId } = body
    if (!v.is(SessionId, sessionId) || sessionId === teamStream)
      return c.json({ error: 'sessionId is required: 1 to 64 of A-Z a-z 0-9 _ -' }, 400)
    await authorizeSession(api, actor, sessionId, 'sessions.write')
    try {
      await createSession(api, actor, { sessionId })
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'session.exists') throw error
      const session = await api.sessions.mustRead(sessionId)
      if (session.wanted !== 'linked') await wishFor(api, sessionId, 'start')
    }
    return c.json({ message: `QR code is being generated for session ${sessionId}` }, 200)
  })
