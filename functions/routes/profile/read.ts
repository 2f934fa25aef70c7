// GET /v1/sessions/{id}/profile and …/privacy: our own account as WhatsApp has it now.
import type { Api } from '../../deps.ts'
import { askWhatsapp } from '../../ask.ts'
import { sessionOperation } from '../../operation.ts'

export const readProfile = (api: Api) =>
  sessionOperation(api, { scope: 'sessions.read' }, async (c, { actor, sessionId }) => {
    const profile = await askWhatsapp(api, c, { actor, sessionId, kind: 'profile.read', payload: {} })
    const { phone, lid } = await api.sessions.mustRead(sessionId)
    return c.json({ sessionId, phone, lid, ...profile })
  })

export const readPrivacy = (api: Api) =>
  sessionOperation(api, { scope: 'sessions.read' }, async (c, { actor, sessionId }) =>
    c.json(await askWhatsapp(api, c, { actor, sessionId, kind: 'privacy.read', payload: {} })),
  )
