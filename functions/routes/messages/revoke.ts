// DELETE /v1/sessions/{id}/messages/{messageId}?for=everyone: takes a message of ours back.
import * as v from 'valibot'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { Wait } from '../../request/wait.ts'
import { ChatIdQuery, findOwnTarget } from './find-target.ts'

const RevokeQuery = v.strictObject({
  for: v.optional(v.picklist(['everyone'], 'must be everyone'), 'everyone'),
  chatId: ChatIdQuery,
  wait: Wait,
})

export const revokeMessage = (api: Api) =>
  sessionOperation(api, { scope: 'messages.write', query: RevokeQuery }, async (c, { actor, sessionId, query }) => {
    await api.sessions.mustExist(sessionId)
    const { chatId, messageId } = await findOwnTarget(api, sessionId, c.req.param('messageId'), query.chatId)
    const outcome = await giveOrder(api, c, {
      actor,
      sessionId,
      kind: 'message.revoke',
      lane: chatId,
      payload: { chatId, targetId: messageId },
      body: { for: query.for },
      wait: query.wait,
    })
    return answerOrder(c, outcome, { messageId })
  })
