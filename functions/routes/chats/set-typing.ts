// PUT /v1/sessions/{id}/chats/{chatId}/typing: shows the other side that we are writing. It is worth nothing later.
import * as v from 'valibot'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { toJid } from '../../request/address.ts'
import { refuseChannel } from '../channels/check-channel.ts'
import { WaitQuery } from '../../request/wait.ts'

/** After this typing is not shown any more, ms. */
const worthMs = 30_000
const SetTyping = v.strictObject({ state: v.picklist(['composing', 'recording', 'paused']) })

export const setTyping = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'chats.write', body: SetTyping, query: WaitQuery },
    async (c, { actor, sessionId, body, query }) => {
      const jid = toJid(c.req.param('chatId') ?? '', 'chatId')
      refuseChannel(jid)
      const [chatId] = await Promise.all([api.lanes.of(sessionId, jid), api.sessions.mustExist(sessionId)])
      const outcome = await giveOrder(api, c, {
        actor,
        sessionId,
        kind: 'chat.typing',
        lane: chatId,
        payload: { chatId, state: body.state },
        expiresAt: new Date(api.now() + worthMs),
        body,
        wait: query.wait,
      })
      return answerOrder(c, outcome, { chatId })
    },
  )
