// POST /v1/sessions/{id}/channels: a channel of our own.
import * as v from 'valibot'
import type { Api } from '../../deps.ts'
import { resultOf } from '../../answer-order.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { WaitQuery } from '../../request/wait.ts'
import { Description, Name } from './given.ts'

const CreateChannel = v.strictObject({ name: Name, description: v.optional(Description, '') })

export const createChannel = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'channels.write', body: CreateChannel, query: WaitQuery },
    async (c, { actor, sessionId, body, query }) => {
      await api.sessions.mustExist(sessionId)
      const { command, isDone } = await giveOrder(api, c, {
        actor,
        sessionId,
        kind: 'channel.create',
        lane: 'channels',
        payload: body,
        body,
        wait: query.wait,
      })
      return isDone
        ? c.json({ commandId: command._id, status: 'done' as const, ...resultOf(command) }, 201)
        : c.json({ commandId: command._id, status: 'queued' as const }, 202)
    },
  )
