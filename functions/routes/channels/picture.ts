// PUT and DELETE /v1/sessions/{id}/channels/{channelId}/picture: a file of ours becomes the picture, or it goes.
import * as v from 'valibot'
import { FileId } from '../../../shared/model/media.ts'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { WaitQuery } from '../../request/wait.ts'
import { findPicture } from '../profile/picture.ts'
import { findOwnChannel } from './find-channel.ts'

export const setChannelPicture = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'channels.write', body: v.strictObject({ fileId: FileId }), query: WaitQuery },
    async (c, { actor, sessionId, body, query }) => {
      const { channelId } = await findOwnChannel(api, sessionId, c.req.param('channelId'))
      await findPicture(api, actor, body.fileId)
      const payload = { channelId, fileId: body.fileId }
      const order = { actor, sessionId, kind: 'channel.picture' as const, lane: channelId, payload, body }
      return answerOrder(c, await giveOrder(api, c, { ...order, wait: query.wait }), { channelId })
    },
  )

export const removeChannelPicture = (api: Api) =>
  sessionOperation(api, { scope: 'channels.write', query: WaitQuery }, async (c, { actor, sessionId, query }) => {
    const { channelId } = await findOwnChannel(api, sessionId, c.req.param('channelId'))
    const order = { actor, sessionId, kind: 'channel.picture' as const, lane: channelId, payload: { channelId } }
    return answerOrder(c, await giveOrder(api, c, { ...order, body: {}, wait: query.wait }), { channelId })
  })
