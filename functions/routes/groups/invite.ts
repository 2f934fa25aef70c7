// GET and DELETE /v1/sessions/{id}/groups/{groupId}/invite: the link that lets people in, and a new one in its place.
import * as v from 'valibot'
import { answerOrder } from '../../answer-order.ts'
import { askWhatsapp } from '../../ask.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { WaitQuery } from '../../request/wait.ts'
import { findGroupAsAdmin } from './find-group.ts'

/** Whoever has the link can come in: to see it takes what it takes to add people. */
export const readInvite = (api: Api) =>
  sessionOperation(api, { scope: 'groups.write' }, async (c, { actor, sessionId }) => {
    await api.sessions.mustExist(sessionId)
    const { groupId } = await findGroupAsAdmin(api, sessionId, c.req.param('groupId'))
    return c.json(await askWhatsapp(api, c, { actor, sessionId, kind: 'group.invite', payload: { groupId } }))
  })

export const renewInvite = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'groups.write', body: v.strictObject({}), query: WaitQuery },
    async (c, { actor, sessionId, body, query }) => {
      await api.sessions.mustExist(sessionId)
      const { groupId } = await findGroupAsAdmin(api, sessionId, c.req.param('groupId'))
      const outcome = await giveOrder(api, c, {
        actor,
        sessionId,
        kind: 'group.renew_invite',
        lane: groupId,
        payload: { groupId },
        body,
        wait: query.wait,
      })
      return answerOrder(c, outcome, { groupId })
    },
  )
