// POST /v1/sessions/{id}/pairing-code: a code to type into the phone instead of scanning.
import * as v from 'valibot'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { toPhone } from '../../request/address.ts'
import { maxWaitSeconds } from '../../waits.ts'

const RequestPairing = v.strictObject({ phone: v.pipe(v.string(), v.minLength(1), v.maxLength(100)) })

export const requestPairingCode = (api: Api) =>
  sessionOperation(api, { scope: 'sessions.write', body: RequestPairing }, async (c, { sessionId, body }) => {
    const phone = toPhone(body.phone, 'phone')
    return c.json(await pairingCode(api, sessionId, phone, c.req.raw.signal))
  })

/** Throws `session.already_linked`, `pairing.failed`, or `pairing.timeout` when nothing came in time. */
export async function pairingCode(
  api: Api,
  sessionId: string,
  phone: string,
  gone: AbortSignal,
): Promise<{ code: string; expiresAt: Date | undefined }> {
  if ((await api.sessions.mustRead(sessionId)).linked) throw new Problem('session.already_linked')
  const asked = await api.store.sessions.requestPairing(sessionId, phone)
  if (!asked?.pairing) throw new Problem('session.not_found')
  const { requestedAt } = asked.pairing
  const pairing = await api.waits.until(`session/${sessionId}`, maxWaitSeconds * 1000, gone, async () => {
    const session = await api.sessions.mustRead(sessionId)
    if (session.linked) throw new Problem('session.already_linked')
    const { pairing } = session
    const isOurs = pairing?.phone === phone && pairing.requestedAt >= requestedAt
    return isOurs && (pairing.code ?? pairing.error) !== undefined ? pairing : undefined
  })
  if (pairing?.code === undefined)
    throw pairing ? new Problem('pairing.failed', { detail: pairing.error ?? '' }) : new Problem('pairing.timeout')
  return { code: pairing.code, expiresAt: pairing.expiresAt }
}
