// PATCH /v1/sessions/{id}/chats/{chatId}: archived, pinned, muted, labels, disappearing messages; also on the phone.
import { PatchChat } from '../../../shared/model/chat.ts'
import { isGroupJid } from '../../../shared/model/jid.ts'
import { Problem } from '../../../shared/model/problem.ts'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { WaitQuery } from '../../request/wait.ts'
import { refuseChannel } from '../channels/check-channel.ts'
import { findChat } from './find-chat.ts'

export const patchChat = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'chats.write', body: PatchChat, query: WaitQuery },
    async (c, { actor, sessionId, body, query }) => {
      await api.sessions.mustExist(sessionId)
      const { chatId } = await findChat(api, sessionId, c.req.param('chatId') ?? '')
      refuseChannel(chatId)
      if (body.ephemeralSeconds !== undefined && isGroupJid(chatId))
        throw new Problem('request.invalid', {
          errors: [{ path: 'ephemeralSeconds', message: 'is a setting of the group' }],
        })
      if (body.labels?.length) {
        const known = await api.store.labels.among(sessionId, body.labels)
        if (body.labels.some((labelId) => !known.has(labelId))) throw new Problem('label.not_found')
      }
      const { archived, pinned, mutedUntil, ephemeralSeconds, labels } = body
      const outcome = await giveOrder(api, c, {
        actor,
        sessionId,
        kind: 'chat.set',
        lane: chatId,
        payload: {
          chatId,
          ...(archived === undefined ? {} : { archived }),
          ...(pinned === undefined ? {} : { pinned }),
          ...(mutedUntil === undefined ? {} : { mutedUntil }),
          ...(ephemeralSeconds === undefined ? {} : { ephemeralSeconds }),
          ...(labels === undefined ? {} : { labels }),
        },
        body,
        wait: query.wait,
      })
      return answerOrder(c, outcome, { chatId })
    },
  )
