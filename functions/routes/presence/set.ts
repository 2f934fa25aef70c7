// PUT /v1/sessions/{id}/presence: our own account, online or not.
import * as v from 'valibot'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { WaitQuery } from '../../request/wait.ts'

const worthMs = 60_000
const SetPresence = v.strictObject({ state: v.picklist(['available', 'unavailable']) })

export const setPresence = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'sessions.write', body: SetPresence, query: WaitQuery },
    async (c, { actor, sessionId, body, query }) => {
      await api.sessions.mustExist(sessionId)
      const outcome = await giveOrder(api, c, {
        actor,
        sessionId,
        kind: 'presence.set',
        lane: 'presence',
        payload: { state: body.state },
        expiresAt: new Date(api.now() + worthMs),
        body,
        wait: query.wait,
      })
      return answerOrder(c, outcome, { sessionId })
    },
  )
