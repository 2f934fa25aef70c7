// GET /v1/statistics: how many sessions in which state, how many messages and chats, over what this key may see.
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'

export const readStatistics = (api: Api) =>
  operation(api, { scope: 'ops.read' }, async (c, { actor }) => {
    const [sessions, totalChats] = await Promise.all([
      api.store.sessions.statistics(actor.sessions),
      api.store.chats.countIn(actor.sessions),
    ])
    return c.json({ ...sessions, totalChats })
  })
