// DELETE /v1/sessions/{id}: unlinks the phone and removes all the session owns; its owner does the work, so 202.
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'

export const removeSession = (api: Api) =>
  sessionOperation(api, { scope: 'sessions.write' }, async (c, { sessionId }) => {
    // One whose creation was cut off half-way has no lease, and nobody could claim it to remove it.
    if (await api.store.sessions.read(sessionId)) await api.store.leases.create(sessionId)
    const session = await api.store.sessions.want(sessionId, 'deleted')
    if (!session) throw new Problem('session.not_found')
    api.sessions.forget(sessionId)
    return c.json({ sessionId, status: 'deleting' as const }, 202)
  })
