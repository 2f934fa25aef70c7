// GET /v1/sessions/{id}/status: stories, ours and those of others, newest first. They come when `ignoreStatus` is false.
import * as v from 'valibot'
import { storiesJid } from '../../../shared/model/jid.ts'
import { PageQuery } from '../../../shared/model/page.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { toMessageViews } from '../../people.ts'

export const listStories = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'messages.read', query: v.strictObject(PageQuery.entries) },
    async (c, { sessionId, query }) => {
      await api.sessions.mustExist(sessionId)
      const page = await api.store.messages.page(sessionId, storiesJid, query)
      return c.json({ data: await toMessageViews(api, sessionId, page.data), nextCursor: page.nextCursor })
    },
  )
