// PUT /v1/sessions/{id}/messages/{messageId}/pin: pinned for everybody in its chat; `{seconds: 0}` takes the pin off.
import * as v from 'valibot'
import { PinMessage } from '../../../shared/model/message.ts'
import { createMessageId } from '../../../shared/model/message-id.ts'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { Wait } from '../../request/wait.ts'
import { ChatIdQuery, findUnrevoked } from './find-target.ts'

export const pinMessage = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'messages.write', body: PinMessage, query: v.strictObject({ chatId: ChatIdQuery, wait: Wait }) },
    async (c, { actor, sessionId, body, query }) => {
      await api.sessions.mustExist(sessionId)
      const row = await findUnrevoked(api, sessionId, c.req.param('messageId'), query.chatId)
      const { chatId, messageId, sender: targetSender } = row
      const outcome = await giveOrder(api, c, {
        actor,
        sessionId,
        kind: 'message.pin',
        lane: chatId,
        payload: { chatId, targetId: messageId, targetSender, seconds: body.seconds },
        messageId: createMessageId(),
        body,
        wait: query.wait,
      })
      return answerOrder(c, outcome, { messageId })
    },
  )
