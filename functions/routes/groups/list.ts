// GET /v1/sessions/{id}/groups: by subject, without the people in them.
import * as v from 'valibot'
import { toGroupSummary } from '../../../shared/model/group.ts'
import { PageQuery } from '../../../shared/model/page.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'

export const listGroups = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'groups.read', query: v.strictObject(PageQuery.entries) },
    async (c, { sessionId, query }) => {
      await api.sessions.mustExist(sessionId)
      const page = await api.store.groups.page(sessionId, query)
      return c.json({ data: page.data.map(toGroupSummary), nextCursor: page.nextCursor })
    },
  )
