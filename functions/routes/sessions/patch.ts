// PATCH /v1/sessions/{id}: its name and settings; what is not given stays.
import { Problem } from '../../../shared/model/problem.ts'
import { PatchSession, toSessionView, toShownSettings } from '../../../shared/model/session.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { refuseSettings } from './refuse-settings.ts'

export const patchSession = (api: Api) =>
  sessionOperation(api, { scope: 'sessions.write', body: PatchSession }, async (c, { sessionId, body }) => {
    refuseSettings(api, body.settings)
    const session = await api.store.sessions.patch(sessionId, body)
    if (!session) throw new Problem('session.not_found')
    await api.store.events.appendOnce(sessionId, [
      { type: 'session.updated', data: { sessionId, name: session.name, settings: toShownSettings(session.settings) } },
    ])
    return c.json(toSessionView(session))
  })
