// POST /v1/sessions/{id}/chats/{chatId}/read: sends read receipts and clears the counter.
import * as v from 'valibot'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { WaitQuery } from '../../request/wait.ts'
import { findChat } from './find-chat.ts'

const Nothing = v.strictObject({})

export const markChatRead = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'chats.write', body: Nothing, query: WaitQuery },
    async (c, { actor, sessionId, body, query }) => {
      await api.sessions.mustExist(sessionId)
      const { chatId } = await findChat(api, sessionId, c.req.param('chatId') ?? '')
      const outcome = await giveOrder(api, c, {
        actor,
        sessionId,
        kind: 'chat.read',
        lane: chatId,
        payload: { chatId },
        body,
        wait: query.wait,
      })
      return answerOrder(c, outcome, { chatId })
    },
  )
