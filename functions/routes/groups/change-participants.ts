// POST /v1/sessions/{id}/groups/{groupId}/participants: in, out, admin, no admin; what became of each is in the result.
import * as v from 'valibot'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { WaitQuery } from '../../request/wait.ts'
import { findGroupAsAdmin } from './find-group.ts'
import { People, toPeople } from './given.ts'

const ChangeParticipants = v.strictObject({
  action: v.picklist(['add', 'remove', 'promote', 'demote']),
  participants: People(1, 256),
})

export const changeParticipants = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'groups.write', body: ChangeParticipants, query: WaitQuery },
    async (c, { actor, sessionId, body, query }) => {
      const participants = toPeople(body.participants)
      await api.sessions.mustExist(sessionId)
      const { groupId } = await findGroupAsAdmin(
        api,
        sessionId,
        c.req.param('groupId'),
        ({ memberAddMode }) => body.action !== 'add' || memberAddMode === 'admin_add',
      )
      const outcome = await giveOrder(api, c, {
        actor,
        sessionId,
        kind: 'group.participants',
        lane: groupId,
        payload: { groupId, action: body.action, participants },
        body,
        wait: query.wait,
      })
      return answerOrder(c, outcome, { groupId })
    },
  )
