// POST /v1/sessions/{id}/chats/{chatId}/history: asks the phone for messages older than the oldest one here.
import * as v from 'valibot'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { WaitQuery } from '../../request/wait.ts'
import { refuseChannel } from '../channels/check-channel.ts'
import { findChat } from './find-chat.ts'

/** WhatsApp's own clients ask for 50 at a time (rc14 passes any number on). */
const AskOlder = v.strictObject({
  count: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(500, 'must be at most 500')), 50),
})

/** Done = asked. The messages come when the phone answers, with `history.progress` of the type `ON_DEMAND`. */
export const askOlderMessages = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'chats.write', body: AskOlder, query: WaitQuery },
    async (c, { actor, sessionId, body: { count }, query }) => {
      await api.sessions.mustExist(sessionId)
      const { chatId } = await findChat(api, sessionId, c.req.param('chatId') ?? '')
      refuseChannel(chatId)
      const payload = { chatId, count }
      const order = { actor, sessionId, kind: 'chat.history' as const, lane: chatId, payload, body: { count } }
      return answerOrder(c, await giveOrder(api, c, { ...order, wait: query.wait }), { chatId })
    },
  )
