// POST /v1/sessions: a new session, which starts linking at once.
import * as v from 'valibot'
import type { Actor } from '../../../shared/model/api-key.ts'
import { maySeeSession } from '../../../shared/model/api-key.ts'
import { teamStream } from '../../../shared/model/event.ts'
import { Problem } from '../../../shared/model/problem.ts'
import { CreateSession, SessionId, toSessionView, type Session } from '../../../shared/model/session.ts'
import { createToken } from '../../../shared/store/cipher.ts'
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'
import { refuseSettings } from './refuse-settings.ts'

/** `team` is the name of a stream of its own. */
const NewSession = v.strictObject({
  ...CreateSession.entries,
  sessionId: v.optional(v.pipe(SessionId, v.notValue(teamStream, 'is a reserved name'))),
})

export const createSessionRoute = (api: Api) =>
  operation(api, { scope: 'sessions.write', body: NewSession }, async (c, { actor, body }) => {
    const session = await createSession(api, actor, body)
    c.header('Location', `/v1/sessions/${session._id}`)
    return c.json(toSessionView(session, { totalChats: 0 }), 201)
  })

/** Throws `session.exists`, `session.deleting`, `session.sandbox_off`, or `auth.forbidden` outside the key's sessions. */
export async function createSession(api: Api, actor: Actor, input: CreateSession): Promise<Session> {
  const sessionId = input.sessionId ?? createToken(9)
  if (!maySeeSession(actor, sessionId))
    throw new Problem('auth.forbidden', { detail: 'This key may only use the sessions it names' })
  refuseSettings(api, input.settings)
  if (input.sandbox && !api.deps.sandboxAvailable) throw new Problem('session.sandbox_off')
  const session = await create(api, sessionId, input)
  await api.store.leases.create(sessionId)
  await api.store.events.appendOnce(sessionId, [
    {
      type: 'session.created',
      key: `session.created/${session.createdAt.getTime()}`,
      data: { sessionId, name: session.name, sandbox: session.sandbox },
    },
  ])
  return session
}

async function create(api: Api, sessionId: string, input: CreateSession): Promise<Session> {
  try {
    return await api.store.sessions.create(sessionId, input)
  } catch (error) {
    if (error instanceof Problem && error.code === 'session.exists') {
      const wanted = await api.store.sessions.wantedOf(sessionId)
      if (wanted === 'deleted') throw new Problem('session.deleting', { retryAfterSeconds: 5 })
    }
    throw error
  }
}
