// GET /whatsapp/messages/{jid}?limit=&before=: newest first. Document 2.
import * as v from 'valibot'
import { toPreview } from '../../../shared/model/content.ts'
import type { Message } from '../../../shared/model/message.ts'
import { PageQuery } from '../../../shared/model/page.ts'
import type { Api } from '../../deps.ts'
import { findChat } from '../chats/find-chat.ts'
import { Instant } from '../messages/history.ts'
import { defaultSessionOperation } from './default-session.ts'

const MessagesQuery = v.strictObject({ limit: PageQuery.entries.limit, before: v.optional(Instant) })

export const listCompatMessages = (api: Api) =>
  defaultSessionOperation(api, { scope: 'messages.read', query: MessagesQuery }, async (c, { sessionId, query }) => {
    await api.sessions.mustExist(sessionId)
    const { chatId } = await findChat(api, sessionId, c.req.param('jid') ?? '')
    const page = await api.store.messages.page(sessionId, chatId, query)
    return c.json(page.data.map(toCompatMessage))
  })

function toCompatMessage(message: Message) {
  const { chatId, fromMe, type, timestamp } = message
  return { jid: chatId, fromMe, type, content: toPreview(message) ?? null, timestamp }
}
