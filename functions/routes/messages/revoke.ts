// DELETE /v1/sessions/{id}/messages/{messageId}: takes a message of ours back from everyone, or deletes our own copy (`?for=me`).
import * as v from 'valibot'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { Wait } from '../../request/wait.ts'
import { ChatIdQuery, findOwnTarget, findStanding } from './find-target.ts'

const RevokeQuery = v.strictObject({
  for: v.optional(v.picklist(['everyone', 'me'], 'must be everyone or me'), 'everyone'),
  chatId: ChatIdQuery,
  wait: Wait,
})

export const revokeMessage = (api: Api) =>
  sessionOperation(api, { scope: 'messages.write', query: RevokeQuery }, async (c, { actor, sessionId, query }) => {
    await api.sessions.mustExist(sessionId)
    const body = { for: query.for }
    if (query.for === 'me') {
      const row = await findStanding(api, sessionId, c.req.param('messageId'), query.chatId)
      const { chatId, messageId, sender: targetSender } = row
      const payload = { chatId, targetId: messageId, targetSender }
      const order = { actor, sessionId, kind: 'message.hide' as const, lane: chatId, payload, body, wait: query.wait }
      return answerOrder(c, await giveOrder(api, c, order), { messageId })
    }
    const { chatId, messageId } = await findOwnTarget(api, sessionId, c.req.param('messageId'), query.chatId)
    const outcome = await giveOrder(api, c, {
      actor,
      sessionId,
      kind: 'message.revoke',
      lane: chatId,
      payload: { chatId, targetId: messageId },
      body,
      wait: query.wait,
    })
    return answerOrder(c, outcome, { messageId })
  })
