// GET /whatsapp/session/status: `open · connecting · closed · qr-ready`. Document 2.
import type { Session } from '../../../shared/model/session.ts'
import type { Api } from '../../deps.ts'
import { defaultSessionOperation } from './default-session.ts'

type CompatStatus = 'open' | 'connecting' | 'closed' | 'qr-ready'

export const defaultStatus = (api: Api) =>
  defaultSessionOperation(api, { scope: 'sessions.read' }, async (c, { sessionId }) => {
    const session = await api.store.sessions.read(sessionId)
    return c.json({ status: session && session.wanted !== 'deleted' ? toCompatStatus(session) : 'closed' })
  })

export function toCompatStatus(session: Pick<Session, 'status' | 'wanted' | 'linked'>): CompatStatus {
  switch (session.status) {
    case 'connected':
      return 'open'
    case 'qr_ready':
      return 'qr-ready'
    case 'pending':
    case 'pairing':
    case 'connecting':
      return session.wanted === 'linked' ? 'connecting' : 'closed'
    case 'disconnected':
      // A linked session comes back by itself.
      return session.wanted === 'linked' && session.linked ? 'connecting' : 'closed'
    case 'error':
    case 'inactive':
      return 'closed'
  }
}
