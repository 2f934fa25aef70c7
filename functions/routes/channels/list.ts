// GET /v1/sessions/{id}/channels: those that are followed, by name; from our rows, also while the phone is away.
import * as v from 'valibot'
import { toChannelView } from '../../../shared/model/channel.ts'
import { PageQuery } from '../../../shared/model/page.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'

export const listChannels = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'channels.read', query: v.strictObject(PageQuery.entries) },
    async (c, { sessionId, query }) => {
      await api.sessions.mustExist(sessionId)
      const page = await api.store.channels.page(sessionId, query)
      return c.json({ data: page.data.map(toChannelView), nextCursor: page.nextCursor })
    },
  )
