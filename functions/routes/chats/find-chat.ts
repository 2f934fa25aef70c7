// The chat that a path speaks of, by any of its addresses.
import { isDeletedChat, type Chat } from '../../../shared/model/chat.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { toJid } from '../../request/address.ts'

/** Throws `request.invalid` for a malformed address, `chat.not_found`, also for a chat that was deleted. */
export async function findChat(api: Api, sessionId: string, address: string): Promise<Chat> {
  const chat = await api.store.chats.resolve(sessionId, [toJid(address, 'chatId')])
  if (!chat || isDeletedChat(chat)) throw new Problem('chat.not_found')
  return chat
}
