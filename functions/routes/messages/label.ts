// PUT and DELETE /v1/sessions/{id}/messages/{messageId}/labels/{labelId}: a label of the account on a single message.
import * as v from 'valibot'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { Wait } from '../../request/wait.ts'
import { findLabel } from '../labels/find-label.ts'
import { ChatIdQuery, findStanding } from './find-target.ts'

export const labelMessage = (api: Api, labeled: boolean) =>
  sessionOperation(
    api,
    { scope: 'messages.write', query: v.strictObject({ chatId: ChatIdQuery, wait: Wait }) },
    async (c, { actor, sessionId, query }) => {
      const { labelId } = await findLabel(api, sessionId, c.req.param('labelId'))
      const row = await findStanding(api, sessionId, c.req.param('messageId'), query.chatId)
      const { chatId, messageId, sender: targetSender } = row
      const payload = { chatId, targetId: messageId, targetSender, labelId, labeled }
      const order = { actor, sessionId, kind: 'message.label' as const, lane: chatId, payload, body: { labeled } }
      return answerOrder(c, await giveOrder(api, c, { ...order, wait: query.wait }), { messageId, labelId })
    },
  )
