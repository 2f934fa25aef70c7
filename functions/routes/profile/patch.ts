// PATCH /v1/sessions/{id}/profile and …/privacy: what is not given stays.
import { PatchPrivacy, PatchProfile } from '../../../shared/model/profile.ts'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { WaitQuery } from '../../request/wait.ts'

export const patchProfile = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'sessions.write', body: PatchProfile, query: WaitQuery },
    async (c, { actor, sessionId, body, query }) => {
      await api.sessions.mustExist(sessionId)
      const { name, about } = body
      const changes = { ...(name === undefined ? {} : { name }), ...(about === undefined ? {} : { about }) }
      const payload = { changes }
      const order = { actor, sessionId, kind: 'profile.set' as const, lane: 'profile', payload, body, wait: query.wait }
      return answerOrder(c, await giveOrder(api, c, order), { sessionId })
    },
  )

export const patchPrivacy = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'sessions.write', body: PatchPrivacy, query: WaitQuery },
    async (c, { actor, sessionId, body, query }) => {
      await api.sessions.mustExist(sessionId)
      const order = {
        actor,
        sessionId,
        kind: 'privacy.set' as const,
        lane: 'profile',
        payload: { changes: body },
        body,
        wait: query.wait,
      }
      return answerOrder(c, await giveOrder(api, c, order), { sessionId })
    },
  )
