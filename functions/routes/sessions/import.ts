// POST /v1/sessions/import: a session from an exported link; it connects without being linked again.
import * as v from 'valibot'
import type { Actor } from '../../../shared/model/api-key.ts'
import { maySeeSession } from '../../../shared/model/api-key.ts'
import { teamStream } from '../../../shared/model/event.ts'
import { phoneOf } from '../../../shared/model/jid.ts'
import { Problem } from '../../../shared/model/problem.ts'
import { SessionId, toSessionView } from '../../../shared/model/session.ts'
import { deviceOf, openBundle } from '../../../shared/store/bundle.ts'
import { createToken } from '../../../shared/store/cipher.ts'
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'
import { Passphrase } from './export.ts'
import { refuseHeld } from './refuse-held.ts'

/** Some ten thousand chats. */
const maxBodyBytes = 48 * 1_048_576

const ImportSession = v.strictObject({
  bundle: v.record(v.string(), v.unknown()),
  passphrase: Passphrase,
  sessionId: v.optional(v.pipe(SessionId, v.notValue(teamStream, 'is a reserved name'))),
  name: v.optional(v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(100))),
})

export const importSession = (api: Api) =>
  operation(api, { scope: 'sessions.write', body: ImportSession, maxBodyBytes }, async (c, { actor, body }) => {
    const sessionId = body.sessionId ?? createToken(9)
    refuseForeign(actor, sessionId)
    const content = await openBundle(body.bundle, body.passphrase)
    if (content.sandbox && !api.deps.sandboxAvailable) throw new Problem('session.sandbox_off')
    const { id: device } = deviceOf(content.creds)
    const phone = phoneOf(device)
    if (phone === undefined) throw new Problem('bundle.invalid')
    await refuseHeld(api, phone, device, sessionId)

    const { store } = api
    const name = body.name ?? content.name
    const session = await store.sessions.create(
      sessionId,
      { sandbox: content.sandbox, ...(name ? { name } : {}) },
      'stopped',
    )
    await store.sessions.update(sessionId, { phone, linked: true })
    await store.auth.plant(sessionId, content)
    try {
      // Of two that import it at once, each sees the other by now.
      await refuseHeld(api, phone, device, sessionId)
    } catch (error) {
      await store.auth.uproot(sessionId)
      await store.sessions.remove(sessionId)
      throw error
    }
    await store.leases.create(sessionId)
    await store.events.appendOnce(sessionId, [
      {
        type: 'session.created',
        key: `session.created/${session.createdAt.getTime()}`,
        data: { sessionId, name: session.name, sandbox: session.sandbox },
      },
    ])
    const started = await store.sessions.want(sessionId, 'linked')
    if (!started) throw new Problem('session.not_found')
    c.header('Location', `/v1/sessions/${sessionId}`)
    return c.json(toSessionView(started, { totalChats: 0 }), 201)
  })

function refuseForeign(actor: Actor, sessionId: string): void {
  if (!maySeeSession(actor, sessionId))
    throw new Problem('auth.forbidden', { detail: 'This key may only use the sessions it names' })
}
