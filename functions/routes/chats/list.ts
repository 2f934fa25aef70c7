// GET /v1/sessions/{id}/chats: pinned first, then by last activity.
import * as v from 'valibot'
import { toChatView } from '../../../shared/model/chat.ts'
import { PageQuery } from '../../../shared/model/page.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'

const Flag = v.optional(
  v.pipe(
    v.picklist(['true', 'false'], 'must be true or false'),
    v.transform((text) => text === 'true'),
  ),
)
const ChatsQuery = v.strictObject({ ...PageQuery.entries, archived: Flag, unread: Flag })

export const listChats = (api: Api) =>
  sessionOperation(api, { scope: 'chats.read', query: ChatsQuery }, async (c, { sessionId, query }) => {
    await api.sessions.mustExist(sessionId)
    const page = await api.store.chats.page(sessionId, query)
    return c.json({ data: page.data.map(toChatView), nextCursor: page.nextCursor })
  })
