// POST /v1/sessions/{id}/presence/subscribe: asks WhatsApp to tell when a contact is online.
import * as v from 'valibot'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { toJid } from '../../request/address.ts'
import { refuseChannel } from '../channels/check-channel.ts'
import { WaitQuery } from '../../request/wait.ts'

/** A subscription lives as long as the connection: later it has to be asked for again, ms. */
const worthMs = 60_000
const Subscribe = v.strictObject({ chatId: v.pipe(v.string(), v.minLength(1), v.maxLength(100)) })

export const subscribePresence = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'chats.write', body: Subscribe, query: WaitQuery },
    async (c, { actor, sessionId, body, query }) => {
      const jid = toJid(body.chatId, 'chatId')
      refuseChannel(jid)
      const [chatId] = await Promise.all([api.lanes.of(sessionId, jid), api.sessions.mustExist(sessionId)])
      const outcome = await giveOrder(api, c, {
        actor,
        sessionId,
        kind: 'presence.subscribe',
        lane: chatId,
        payload: { chatId },
        expiresAt: new Date(api.now() + worthMs),
        body,
        wait: query.wait,
      })
      return answerOrder(c, outcome, { chatId })
    },
  )
