// GET /v1/sessions/{id}/labels: all of them.
import { toLabelView } from '../../../shared/model/label.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'

export const listLabels = (api: Api) =>
  sessionOperation(api, { scope: 'chats.read' }, async (c, { sessionId }) => {
    await api.sessions.mustExist(sessionId)
    return c.json({ data: (await api.store.labels.list(sessionId)).map(toLabelView), nextCursor: null })
  })
