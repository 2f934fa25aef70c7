// GET /v1/sessions/{id}/calls: who rang, newest first.
import * as v from 'valibot'
import { toCallView } from '../../../shared/model/call.ts'
import { PageQuery } from '../../../shared/model/page.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'

export const listCalls = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'chats.read', query: v.strictObject(PageQuery.entries) },
    async (c, { sessionId, query }) => {
      await api.sessions.mustExist(sessionId)
      const page = await api.store.calls.page(sessionId, query)
      return c.json({ data: page.data.map(toCallView), nextCursor: page.nextCursor })
    },
  )
