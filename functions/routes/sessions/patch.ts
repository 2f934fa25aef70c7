// PATCH /v1/sessions/{id}: its name and settings; what is not given stays.
import { Problem } from '../../../shared/model/problem.ts'
import { PatchSession, toSessionView } from '../../../shared/model/session.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'

export const patchSession = (api: Api) =>
  sessionOperation(api, { scope: 'sessions.write', body: PatchSession }, async (c, { sessionId, body }) => {
    const session = await api.store.sessions.patch(sessionId, body)
    if (!session) throw new Problem('session.not_found')
    await api.store.events.appendOnce(sessionId, [
      { type: 'session.updated', data: { sessionId, name: session.name, settings: session.settings } },
    ])
    return c.json(toSessionView(session))
  })
