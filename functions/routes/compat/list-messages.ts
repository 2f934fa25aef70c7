// GET /whatsapp/messages/{jid}?limit=&before=: newest first. Document 2.
import * as v from 'valibot'
import { toPreview } from '../../../shared/model/content.ts'
import type { Message } from '../../../shared/model/message.ts'
import { PageQuery } from '../../../shared/model/page.ts'
import type { Api } from '../../deps.ts'
import type { AppContext } from '../../operation.ts'
import { toLink } from '../media/link.ts'
import { findChat } from '../chats/find-chat.ts'
import { Instant } from '../messages/history.ts'
import { defaultSessionOperation } from './default-session.ts'

const linkSeconds = 3_600
const MessagesQuery = v.strictObject({ limit: PageQuery.entries.limit, before: v.optional(Instant) })

export const listCompatMessages = (api: Api) =>
  defaultSessionOperation(api, { scope: 'messages.read', query: MessagesQuery }, async (c, { sessionId, query }) => {
    await api.sessions.mustExist(sessionId)
    const { chatId } = await findChat(api, sessionId, c.req.param('jid') ?? '')
    const page = await api.store.messages.page(sessionId, chatId, query)
    return c.json(page.data.map((message) => toCompatMessage(message, mediaUrl(api, c, message))))
  })

/** Of a stored file a link that works for an hour without a key, as a page needs it; of any other the route that fetches it. */
function mediaUrl(api: Api, c: AppContext, { sessionId, messageId, media }: Message): string | undefined {
  if (!media) return undefined
  if (media.fileId !== undefined && media.state === 'stored') return toLink(api, c, media.fileId, linkSeconds).url
  return new URL(`/v1/sessions/${sessionId}/messages/${encodeURIComponent(messageId)}/media`, c.req.url).href
}

function toCompatMessage(message: Message, url: string | undefined) {
  const { chatId, fromMe, type, timestamp } = message
  return { jid: chatId, fromMe, type, content: url ?? toPreview(message) ?? null, timestamp }
}
