// PUT /v1/sessions/{id}/messages/{messageId}/star: a star that only this account sees; `{starred: false}` takes it off.
import * as v from 'valibot'
import { StarMessage } from '../../../shared/model/message.ts'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { Wait } from '../../request/wait.ts'
import { ChatIdQuery, findUnrevoked } from './find-target.ts'

export const starMessage = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'messages.write', body: StarMessage, query: v.strictObject({ chatId: ChatIdQuery, wait: Wait }) },
    async (c, { actor, sessionId, body, query }) => {
      await api.sessions.mustExist(sessionId)
      const row = await findUnrevoked(api, sessionId, c.req.param('messageId'), query.chatId)
      const { chatId, messageId, sender: targetSender } = row
      const outcome = await giveOrder(api, c, {
        actor,
        sessionId,
        kind: 'message.star',
        lane: chatId,
        payload: { chatId, targetId: messageId, targetSender, starred: body.starred },
        body,
        wait: query.wait,
      })
      return answerOrder(c, outcome, { messageId })
    },
  )
