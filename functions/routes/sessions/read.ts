// GET /v1/sessions/{id}: one session.
import { toSessionView } from '../../../shared/model/session.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'

export const readSession = (api: Api) =>
  sessionOperation(api, { scope: 'sessions.read' }, async (c, { sessionId }) => {
    const [session, totalChats] = await Promise.all([
      api.sessions.mustRead(sessionId),
      api.store.chats.count(sessionId),
    ])
    return c.json(toSessionView(session, { totalChats }))
  })
