// PUT and DELETE /v1/sessions/{id}/channels/{channelId}/follow · …/mute: followed and not any more, muted and not any more.
import { answerOrder } from '../../answer-order.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { WaitQuery } from '../../request/wait.ts'
import { findFollowed, toChannelId } from './find-channel.ts'

export const followChannel = (api: Api) =>
  sessionOperation(api, { scope: 'channels.write', query: WaitQuery }, async (c, { actor, sessionId, query }) => {
    const channelId = toChannelId(c.req.param('channelId'))
    await api.sessions.mustExist(sessionId)
    const payload = { channelId, followed: true }
    const order = { actor, sessionId, kind: 'channel.follow' as const, lane: channelId, payload, body: {} }
    return answerOrder(c, await giveOrder(api, c, { ...order, wait: query.wait }), { channelId })
  })

export const unfollowChannel = (api: Api) =>
  sessionOperation(api, { scope: 'channels.write', query: WaitQuery }, async (c, { actor, sessionId, query }) => {
    const { channelId, role } = await findFollowed(api, sessionId, c.req.param('channelId'))
    if (role === 'owner') throw new Problem('channel.owner')
    const payload = { channelId, followed: false }
    const order = { actor, sessionId, kind: 'channel.follow' as const, lane: channelId, payload, body: {} }
    return answerOrder(c, await giveOrder(api, c, { ...order, wait: query.wait }), { channelId })
  })

export const muteChannel = (api: Api, muted: boolean) =>
  sessionOperation(api, { scope: 'channels.write', query: WaitQuery }, async (c, { actor, sessionId, query }) => {
    const { channelId } = await findFollowed(api, sessionId, c.req.param('channelId'))
    const payload = { channelId, muted }
    const order = { actor, sessionId, kind: 'channel.mute' as const, lane: channelId, payload, body: { muted } }
    return answerOrder(c, await giveOrder(api, c, { ...order, wait: query.wait }), { channelId })
  })
