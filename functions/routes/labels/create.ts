// POST /v1/sessions/{id}/labels: a new label; its id is known at once, the label stands when WhatsApp has it.
import { CreateLabel } from '../../../shared/model/label.ts'
import { Problem } from '../../../shared/model/problem.ts'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { WaitQuery } from '../../request/wait.ts'

export const createLabel = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'chats.write', body: CreateLabel, query: WaitQuery },
    async (c, { actor, sessionId, body, query }) => {
      await api.sessions.mustExist(sessionId)
      const labelId = await api.store.labels.reserve(sessionId, body)
      if (labelId === undefined) throw new Problem('label.too_many')
      const outcome = await giveOrder(api, c, {
        actor,
        sessionId,
        kind: 'label.set',
        lane: 'labels',
        payload: { labelId, ...body, deleted: false },
        body,
        wait: query.wait,
      })
      // A repeated order has taken its id before.
      const first = (outcome.command.payload as { labelId: string }).labelId
      return answerOrder(c, outcome, { labelId: first })
    },
  )
