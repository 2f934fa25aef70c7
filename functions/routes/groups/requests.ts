// GET and POST /v1/sessions/{id}/groups/{groupId}/requests: who waits to be let in, and the answer to them.
import * as v from 'valibot'
import { answerOrder } from '../../answer-order.ts'
import { askWhatsapp } from '../../ask.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { WaitQuery } from '../../request/wait.ts'
import { findGroupAsAdmin } from './find-group.ts'
import { People, toPeople } from './given.ts'

const DecideRequests = v.strictObject({ action: v.picklist(['approve', 'reject']), participants: People(1, 256) })

export const listRequests = (api: Api) =>
  sessionOperation(api, { scope: 'groups.read' }, async (c, { actor, sessionId }) => {
    await api.sessions.mustExist(sessionId)
    const { groupId } = await findGroupAsAdmin(api, sessionId, c.req.param('groupId'))
    return c.json(await askWhatsapp(api, c, { actor, sessionId, kind: 'group.requests', payload: { groupId } }))
  })

export const decideRequests = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'groups.write', body: DecideRequests, query: WaitQuery },
    async (c, { actor, sessionId, body, query }) => {
      const participants = toPeople(body.participants)
      await api.sessions.mustExist(sessionId)
      const { groupId } = await findGroupAsAdmin(api, sessionId, c.req.param('groupId'))
      const outcome = await giveOrder(api, c, {
        actor,
        sessionId,
        kind: 'group.decide_requests',
        lane: groupId,
        payload: { groupId, action: body.action, participants },
        body,
        wait: query.wait,
      })
      return answerOrder(c, outcome, { groupId })
    },
  )
