// GET /v1/sessions/{id}/chats: pinned first, then by last activity; those found by `q` in an order of their own.
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
const ChatsQuery = v.strictObject({
  ...PageQuery.entries,
  archived: Flag,
  unread: Flag,
  label: v.optional(v.pipe(v.string(), v.regex(/^\d{1,19}$/, 'must be the id of a label'))),
  q: v.optional(v.pipe(v.string(), v.minLength(1, 'must not be empty'), v.maxLength(100))),
})

export const listChats = (api: Api) =>
  sessionOperation(api, { scope: 'chats.read', query: ChatsQuery }, async (c, { sessionId, query }) => {
    await api.sessions.mustExist(sessionId)
    const page = await api.store.chats.page(sessionId, query)
    return c.json({ data: page.data.map(toChatView), nextCursor: page.nextCursor })
  })
