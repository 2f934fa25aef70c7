// GET /v1/sessions/{id}/chats/{chatId}/messages: a chat's history, newest first.
import * as v from 'valibot'
import { PageQuery } from '../../../shared/model/page.ts'
import type { Api } from '../../deps.ts'
import { toMessageViews } from '../../people.ts'
import { sessionOperation } from '../../operation.ts'
import { findChat } from '../chats/find-chat.ts'

export const Instant = v.pipe(
  v.string(),
  v.isoTimestamp('must be an RFC 3339 time'),
  v.transform((text) => new Date(text)),
)

const HistoryQuery = v.strictObject({
  ...PageQuery.entries,
  before: v.optional(Instant),
  after: v.optional(Instant),
})

export const listMessages = (api: Api) =>
  sessionOperation(api, { scope: 'messages.read', query: HistoryQuery }, async (c, { sessionId, query }) => {
    await api.sessions.mustExist(sessionId)
    const chat = await findChat(api, sessionId, c.req.param('chatId') ?? '')
    const page = await api.store.messages.page(sessionId, chat.chatId, query)
    return c.json({ data: await toMessageViews(api, sessionId, page.data), nextCursor: page.nextCursor })
  })
