// PATCH /v1/sessions/{id}/messages/{messageId}: another text for a message of ours.
import * as v from 'valibot'
import { EditMessage } from '../../../shared/model/message.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { Wait } from '../../request/wait.ts'
import { answerOrder } from '../../answer-order.ts'
import { ChatIdQuery, findOwnTarget } from './find-target.ts'

export const editMessage = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'messages.write', body: EditMessage, query: v.strictObject({ chatId: ChatIdQuery, wait: Wait }) },
    async (c, { actor, sessionId, body, query }) => {
      await api.sessions.mustExist(sessionId)
      const { chatId, messageId } = await findOwnTarget(api, sessionId, c.req.param('messageId'), query.chatId)
      const outcome = await giveOrder(api, c, {
        actor,
        sessionId,
        kind: 'message.edit',
        lane: chatId,
        payload: { chatId, targetId: messageId, text: body.text },
        body,
        wait: query.wait,
      })
      return answerOrder(c, outcome, { messageId })
    },
  )
