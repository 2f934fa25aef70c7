// PUT /v1/sessions/{id}/messages/{messageId}/reaction: one emoji of ours; an empty one removes it.
import * as v from 'valibot'
import { ReactToMessage } from '../../../shared/model/message.ts'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { Wait } from '../../request/wait.ts'
import { ChatIdQuery, findLiveTarget } from './find-target.ts'

export const reactToMessage = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'messages.write', body: ReactToMessage, query: v.strictObject({ chatId: ChatIdQuery, wait: Wait }) },
    async (c, { actor, sessionId, body, query }) => {
      await api.sessions.mustExist(sessionId)
      const { chatId, messageId, sender } = await findLiveTarget(api, sessionId, c.req.param('messageId'), query.chatId)
      const outcome = await giveOrder(api, c, {
        actor,
        sessionId,
        kind: 'message.react',
        lane: chatId,
        payload: { chatId, targetId: messageId, targetSender: sender, emoji: body.emoji },
        body,
        wait: query.wait,
      })
      return answerOrder(c, outcome, { messageId })
    },
  )
