// PUT /v1/sessions/{id}/messages/{messageId}/event-response: whether we come.
import * as v from 'valibot'
import { AnswerEvent } from '../../../shared/model/message.ts'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { Wait } from '../../request/wait.ts'
import { ChatIdQuery, findAnswerable } from './find-target.ts'

export const respondToEvent = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'messages.write', body: AnswerEvent, query: v.strictObject({ chatId: ChatIdQuery, wait: Wait }) },
    async (c, { actor, sessionId, body: { answer }, query }) => {
      await api.sessions.mustExist(sessionId)
      const row = await findAnswerable(api, sessionId, c.req.param('messageId'), query.chatId, 'event')
      const { chatId, messageId, sender } = row
      const outcome = await giveOrder(api, c, {
        actor,
        sessionId,
        kind: 'message.respond',
        lane: chatId,
        payload: { chatId, targetId: messageId, targetSender: sender, answer },
        body: { answer },
        wait: query.wait,
      })
      return answerOrder(c, outcome, { messageId })
    },
  )
