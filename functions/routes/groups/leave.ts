// POST /v1/sessions/{id}/groups/{groupId}/leave, and DELETE of the group, which leaves it and forgets its row; the chat stays.
import * as v from 'valibot'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { WaitQuery } from '../../request/wait.ts'
import { findGroup, findOwnGroup } from './find-group.ts'

const Nothing = v.strictObject({})

const leaving = (api: Api, find: typeof findGroup, forget: { forget?: true }) =>
  sessionOperation(
    api,
    { scope: 'groups.write', body: Nothing, query: WaitQuery },
    async (c, { actor, sessionId, body, query }) => {
      await api.sessions.mustExist(sessionId)
      const { groupId } = await find(api, sessionId, c.req.param('groupId'))
      const outcome = await giveOrder(api, c, {
        actor,
        sessionId,
        kind: 'group.leave',
        lane: groupId,
        payload: { groupId, ...forget },
        body,
        wait: query.wait,
      })
      return answerOrder(c, outcome, { groupId })
    },
  )

export const leaveGroup = (api: Api) => leaving(api, findOwnGroup, {})
export const removeGroup = (api: Api) => leaving(api, findGroup, { forget: true })
