// A message's row stands in its chat, and two chats may become one at any moment: what is done to a row is done again where
// it went meanwhile.
import { isPersonJid } from '../../../shared/model/jid.ts'
import { parseMessageKey, toMessageKey, type Message } from '../../../shared/model/message.ts'
import type { RecordContext } from './context.ts'

type Context = Pick<RecordContext, 'sessionId' | 'store' | 'addresses'>

/** In a chat of two the other one is named like the chat. */
export const senderIn = (chatId: string, sender: string): string =>
  sender !== 'me' && isPersonJid(chatId) ? chatId : sender

/** `work` in the chat as it is by now, and again when it became part of another before it was done. Returns what came of it last. */
export async function inItsChat<Result>(
  { addresses }: Context,
  chatId: string,
  work: (chatId: string) => Promise<Result>,
): Promise<Result> {
  const chatNow = async (before: string) => (await addresses.knownChatId([before])) ?? before
  for (let at = await chatNow(chatId); ;) {
    const result = await work(at)
    const now = await chatNow(at)
    if (now === at) return result
    at = now
  }
}

/** The same for a row. What `work` writes must bear being written twice; that the row is not there is for the last time to say. */
export function whereItStands<Result>(
  context: Context,
  key: string,
  work: (key: string, chatId: string) => Promise<Result>,
): Promise<Result> {
  const { sessionId, chatId, sender, messageId } = parseMessageKey(key)
  return inItsChat(context, chatId, (at) => work(toMessageKey(sessionId, at, senderIn(at, sender), messageId), at))
}

/** The message that an order names as it was when that was accepted; of `sender` only, where one is given. */
export function rowNow(
  context: Context,
  { chatId, targetId }: { chatId: string; targetId: string },
  sender?: string,
): Promise<Message | undefined> {
  return inItsChat(context, chatId, async (at) => {
    const rows = await context.store.messages.find(context.sessionId, targetId, at)
    return sender === undefined ? rows[0] : rows.find((row) => row.sender === senderIn(at, sender))
  })
}
