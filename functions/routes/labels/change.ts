// PATCH and DELETE /v1/sessions/{id}/labels/{labelId}: another name or colour, or no label any more, on no chat.
import { PatchLabel, type Label } from '../../../shared/model/label.ts'
import type { Actor } from '../../../shared/model/api-key.ts'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation, type AppContext } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { WaitQuery } from '../../request/wait.ts'
import { findLabel } from './find-label.ts'

type Change = { actor: Actor; label: Label; body: object; deleted: boolean; wait: number | undefined }

async function order(api: Api, c: AppContext, { actor, label, body, deleted, wait }: Change) {
  const { labelId, sessionId, name, color } = label
  const payload = { labelId, name, color, ...body, deleted }
  const given = { actor, sessionId, kind: 'label.set' as const, lane: 'labels', payload, body, wait }
  return answerOrder(c, await giveOrder(api, c, given), { labelId })
}

export const patchLabel = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'chats.write', body: PatchLabel, query: WaitQuery },
    async (c, { actor, sessionId, body, query }) => {
      const label = await findLabel(api, sessionId, c.req.param('labelId'))
      return order(api, c, { actor, label, body, deleted: false, wait: query.wait })
    },
  )

export const removeLabel = (api: Api) =>
  sessionOperation(api, { scope: 'chats.write', query: WaitQuery }, async (c, { actor, sessionId, query }) => {
    const label = await findLabel(api, sessionId, c.req.param('labelId'))
    return order(api, c, { actor, label, body: {}, deleted: true, wait: query.wait })
  })
