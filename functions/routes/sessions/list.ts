// GET /v1/sessions: the sessions this key may see, newest first.
import * as v from 'valibot'
import { PageQuery } from '../../../shared/model/page.ts'
import { toSessionView } from '../../../shared/model/session.ts'
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'

export const listSessions = (api: Api) =>
  operation(api, { scope: 'sessions.read', query: v.strictObject(PageQuery.entries) }, async (c, { actor, query }) => {
    const page = await api.store.sessions.list(query.limit, query.cursor, actor.sessions)
    return c.json({ data: page.data.map((session) => toSessionView(session)), nextCursor: page.nextCursor })
  })
