// POST /v1/sessions/{id}/calls/{callId}/reject: stops the ringing at the caller.
import { Problem } from '../../../shared/model/problem.ts'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { WaitQuery } from '../../request/wait.ts'

/** Nobody lets it ring longer, ms. */
const worthMs = 60_000

export const rejectCall = (api: Api) =>
  sessionOperation(api, { scope: 'chats.write', query: WaitQuery }, async (c, { actor, sessionId, query }) => {
    await api.sessions.mustExist(sessionId)
    const call = await api.store.calls.read(sessionId, c.req.param('callId') ?? '')
    if (!call) throw new Problem('call.not_found')
    if (call.endedAt) throw new Problem('call.over')
    const { callId } = call
    const outcome = await giveOrder(api, c, {
      actor,
      sessionId,
      kind: 'call.reject',
      lane: `call/${callId}`,
      payload: { callId },
      expiresAt: new Date(api.now() + worthMs),
      body: {},
      wait: query.wait,
    })
    return answerOrder(c, outcome, { callId })
  })
