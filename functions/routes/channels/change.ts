// PATCH and DELETE /v1/sessions/{id}/channels/{channelId}: another name or description; a channel of ours ends.
import * as v from 'valibot'
import { answerOrder } from '../../answer-order.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { WaitQuery } from '../../request/wait.ts'
import { findOwnChannel } from './find-channel.ts'
import { Description, Name } from './given.ts'

const PatchChannel = v.pipe(
  v.strictObject({
    name: v.optional(Name),
    /** Empty removes it. */
    description: v.optional(Description),
  }),
  v.check(({ name, description }) => name !== undefined || description !== undefined, 'must name what to change'),
)

export const patchChannel = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'channels.write', body: PatchChannel, query: WaitQuery },
    async (c, { actor, sessionId, body, query }) => {
      const { channelId } = await findOwnChannel(api, sessionId, c.req.param('channelId'))
      const { name, description } = body
      const payload = {
        channelId,
        ...(name === undefined ? {} : { name }),
        ...(description === undefined ? {} : { description }),
      }
      const order = { actor, sessionId, kind: 'channel.update' as const, lane: channelId, payload, body }
      return answerOrder(c, await giveOrder(api, c, { ...order, wait: query.wait }), { channelId })
    },
  )

export const removeChannel = (api: Api) =>
  sessionOperation(api, { scope: 'channels.write', query: WaitQuery }, async (c, { actor, sessionId, query }) => {
    const { channelId, role } = await findOwnChannel(api, sessionId, c.req.param('channelId'))
    if (role !== 'owner') throw new Problem('channel.not_admin', { detail: 'Only its owner ends a channel' })
    const payload = { channelId }
    const order = { actor, sessionId, kind: 'channel.delete' as const, lane: channelId, payload, body: {} }
    return answerOrder(c, await giveOrder(api, c, { ...order, wait: query.wait }), { channelId })
  })
