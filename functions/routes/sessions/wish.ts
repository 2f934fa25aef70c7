// POST /v1/sessions/{id}/start · stop · restart · logout: a wish, which the session's owner makes true.
import * as v from 'valibot'
import { Problem } from '../../../shared/model/problem.ts'
import { toSessionView, type Session, type SessionWanted } from '../../../shared/model/session.ts'
import { deviceOf } from '../../../shared/store/bundle.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { refuseHeld } from './refuse-held.ts'

const wishes = { start: 'linked', stop: 'stopped', restart: 'linked', logout: 'logged_out' } as const
export type Wish = keyof typeof wishes

const Nothing = v.strictObject({})
/** `force`: also one whose link was handed out. */
const WishQuery = v.strictObject({ force: v.optional(v.picklist(['true', 'false'])) })

export const wishSession = (api: Api, wish: Wish) =>
  sessionOperation(api, { scope: 'sessions.write', body: Nothing, query: WishQuery }, async (c, { sessionId, query }) =>
    c.json(toSessionView(await wishFor(api, sessionId, wish, query.force === 'true')), 202),
  )

/** What was handed out may have been imported beside it. Throws `session.exists_elsewhere`. */
async function refuseIfAtWork(api: Api, { _id, phone }: Session): Promise<void> {
  const kept = phone === undefined ? undefined : await api.store.auth.readAll(_id)
  if (kept && phone !== undefined) await refuseHeld(api, phone, deviceOf(kept.creds).id, _id)
}

/**
 * Throws `session.not_found`, `session.moved` unless `isForced`, `session.exists_elsewhere` when it was imported under
 * another id, or `session.sandbox_off` when it cannot be started here.
 */
export async function wishFor(api: Api, sessionId: string, wish: Wish, isForced = false): Promise<Session> {
  const wanted: SessionWanted = wishes[wish]
  if (wanted === 'linked') {
    const session = await api.sessions.mustRead(sessionId)
    if (session.sandbox && !api.deps.sandboxAvailable) throw new Problem('session.sandbox_off')
    // A session whose creation was cut off half-way has no lease yet, and nobody could claim it.
    await api.store.leases.create(sessionId)
    if (isForced && session.movedAt) await refuseIfAtWork(api, session)
  }
  const session = await api.store.sessions.want(sessionId, wanted, isForced)
  if (!session) throw new Problem('session.not_found')
  return session
}
