// GET /v1/sessions/{id}/channels/{channelId}, and GET …/channels/lookup?invite=: a channel that is followed from our row,
// any other as WhatsApp has it now.
import * as v from 'valibot'
import { toChannelView } from '../../../shared/model/channel.ts'
import type { Api } from '../../deps.ts'
import { askWhatsapp } from '../../ask.ts'
import { sessionOperation } from '../../operation.ts'
import { toChannelId } from './find-channel.ts'

export const readChannel = (api: Api) =>
  sessionOperation(api, { scope: 'channels.read' }, async (c, { actor, sessionId }) => {
    const channelId = toChannelId(c.req.param('channelId'))
    await api.sessions.mustExist(sessionId)
    const row = await api.store.channels.read(sessionId, channelId)
    if (row?.isFollowed) return c.json(toChannelView(row))
    return c.json(await askWhatsapp(api, c, { actor, sessionId, kind: 'channel.read', payload: { channelId } }))
  })

const Lookup = v.strictObject({
  invite: v.pipe(
    v.string(),
    v.transform((text) => text.replace(/^https:\/\/(?:www\.)?whatsapp\.com\/channel\//, '')),
    v.regex(/^[A-Za-z0-9_-]{10,64}$/, 'must be the link of a channel or its code'),
  ),
})

export const lookUpChannel = (api: Api) =>
  sessionOperation(api, { scope: 'channels.read', query: Lookup }, async (c, { actor, sessionId, query }) =>
    c.json(await askWhatsapp(api, c, { actor, sessionId, kind: 'channel.read', payload: { invite: query.invite } })),
  )
