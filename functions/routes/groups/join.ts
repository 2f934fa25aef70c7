// POST /v1/sessions/{id}/groups/join: into a group by its invite, the link or its code.
import * as v from 'valibot'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { WaitQuery } from '../../request/wait.ts'

const JoinGroup = v.strictObject({
  code: v.pipe(
    v.string(),
    v.transform((text) => text.replace(/^https:\/\/chat\.whatsapp\.com\/(?:invite\/)?/, '')),
    v.regex(/^[A-Za-z0-9_-]{10,64}$/, 'must be an invite link or its code'),
  ),
})

export const joinGroup = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'groups.write', body: JoinGroup, query: WaitQuery },
    async (c, { actor, sessionId, body, query }) => {
      await api.sessions.mustExist(sessionId)
      const outcome = await giveOrder(api, c, {
        actor,
        sessionId,
        kind: 'group.join',
        lane: 'groups',
        payload: { code: body.code },
        body,
        wait: query.wait,
      })
      return answerOrder(c, outcome, {})
    },
  )
