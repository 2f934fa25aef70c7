// A chat of one session. `chatId` is the first form of its address that was seen, for ever; other forms are aliases.

/** The document in `chats`; `_id` = `sessionId/chatId`. */
export type Chat = {
  _id: string
  sessionId: string
  chatId: string
  /** Every jid this chat is known by, `chatId` included. */
  jids: string[]
  name?: string
  phone?: string
  isGroup: boolean
  unreadCount: number
  archived: boolean
  /** 0 or 1, so that one index orders pinned chats first. */
  pinned: number
  /** Something was received in it. Absent on rows of earlier versions: their messages tell. */
  heard?: boolean
  lastMessage?: { messageId: string; text?: string; type: string; fromMe: boolean; at: Date }
  /** Time of the last message; chats are listed by it. */
  lastActivity: Date
  createdAt: Date
}

export function toChatView(chat: Chat) {
  return {
    chatId: chat.chatId,
    sessionId: chat.sessionId,
    aliases: chat.jids.filter((jid) => jid !== chat.chatId),
    name: chat.name ?? chat.phone ?? 'Desconocido',
    phone: chat.phone,
    isGroup: chat.isGroup,
    unreadCount: chat.unreadCount,
    isArchived: chat.archived,
    isPinned: chat.pinned === 1,
    lastMessage: chat.lastMessage,
    lastMessageTime: chat.lastMessage?.at,
    lastActivity: chat.lastActivity,
  }
}
