// What is done to a chat without more words: marked unread, cleared of its messages, deleted; also on the phone.
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { WaitQuery } from '../../request/wait.ts'
import { refuseChannel } from '../channels/check-channel.ts'
import { findChat } from './find-chat.ts'

/**
 * `POST …/chats/{chatId}/unread`, `DELETE …/chats/{chatId}/messages`, `DELETE …/chats/{chatId}`. What was written after the
 * newest message that we know stays.
 */
export const changeChat = (api: Api, kind: 'chat.unread' | 'chat.clear' | 'chat.delete') =>
  sessionOperation(api, { scope: 'chats.write', query: WaitQuery }, async (c, { actor, sessionId, query }) => {
    await api.sessions.mustExist(sessionId)
    const { chatId } = await findChat(api, sessionId, c.req.param('chatId') ?? '')
    refuseChannel(chatId)
    const order = { actor, sessionId, kind, lane: chatId, payload: { chatId }, body: {}, wait: query.wait }
    return answerOrder(c, await giveOrder(api, c, order), { chatId })
  })
