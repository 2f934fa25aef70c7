// POST /whatsapp/session/connect: the QR as a data URL or, given a phone, the pairing code. Document 2.
import * as v from 'valibot'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { toPhone } from '../../request/address.ts'
import { maxWaitSeconds } from '../../waits.ts'
import { createSession } from '../sessions/create.ts'
import { pairingCode } from '../sessions/pairing-code.ts'
import { awaitQr } from '../sessions/qr.ts'
import { wishFor } from '../sessions/wish.ts'
import { defaultSessionOperation } from './default-session.ts'

const Connect = v.strictObject({ phone: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(100))) })

export const connectDefault = (api: Api) =>
  defaultSessionOperation(api, { scope: 'sessions.write', body: Connect }, async (c, { actor, sessionId, body }) => {
    const phone = body.phone === undefined ? undefined : toPhone(body.phone, 'phone')
    if (await api.sessions.exists(sessionId)) {
      const session = await api.sessions.mustRead(sessionId)
      if (session.wanted !== 'linked') await wishFor(api, sessionId, 'start')
      else if (session.linked) throw new Problem('session.already_linked')
    } else await createSession(api, actor, { sessionId })
    if (phone !== undefined) {
      const { code } = await pairingCode(api, sessionId, phone, c.req.raw.signal)
      return c.json({ code }, 200)
    }
    const qr = await awaitQr(api, sessionId, maxWaitSeconds * 1000, c.req.raw.signal)
    return c.json({ qr: qr.png }, 200)
  })
