// GET /whatsapp/chats: by activity. Document 2.
import type { Chat } from '../../../shared/model/chat.ts'
import { toChatView } from '../../../shared/model/chat.ts'
import type { Api } from '../../deps.ts'
import { defaultSessionOperation } from './default-session.ts'

const longest = 1_000

export const listCompatChats = (api: Api) =>
  defaultSessionOperation(api, { scope: 'chats.read' }, async (c, { sessionId }) => {
    await api.sessions.mustExist(sessionId)
    const page = await api.store.chats.page(sessionId, { limit: longest })
    const byActivity = page.data.toSorted((a, b) => b.lastActivity.getTime() - a.lastActivity.getTime())
    return c.json(byActivity.map(toCompatChat))
  })

function toCompatChat(chat: Chat) {
  const { name, unreadCount, lastMessage } = toChatView(chat)
  return { jid: chat.chatId, name, unreadCount, lastMessage: lastMessage?.text ?? null }
}
