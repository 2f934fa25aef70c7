// DELETE /v1/sessions/{id}/messages/{messageId}: takes a message of ours back from everyone (in a group that we are an
// admin of anybody's), or deletes our own copy (`?for=me`).
import * as v from 'valibot'
import { isAdminRole } from '../../../shared/model/group.ts'
import { isGroupJid } from '../../../shared/model/jid.ts'
import { Problem } from '../../../shared/model/problem.ts'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { Wait } from '../../request/wait.ts'
import { refuseChannel } from '../channels/check-channel.ts'
import { ChatIdQuery, findLiveTarget, findStanding } from './find-target.ts'

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
    const target = await findLiveTarget(api, sessionId, c.req.param('messageId'), query.chatId)
    const { chatId, messageId, fromMe, sender } = target
    refuseChannel(chatId)
    if (!fromMe) await mustBeAdmin(api, sessionId, chatId)
    const outcome = await giveOrder(api, c, {
      actor,
      sessionId,
      kind: 'message.revoke',
      lane: chatId,
      payload: { chatId, targetId: messageId, ...(fromMe ? {} : { targetSender: sender }) },
      body,
      wait: query.wait,
    })
    return answerOrder(c, outcome, { messageId })
  })

/** Throws `message.not_own`, or `group.not_admin` where an admin could. */
async function mustBeAdmin(api: Api, sessionId: string, chatId: string): Promise<void> {
  const group = isGroupJid(chatId) ? await api.store.groups.read(sessionId, chatId) : null
  if (!group) throw new Problem('message.not_own')
  if (!isAdminRole(group.myRole)) throw new Problem('group.not_admin')
}
