// GET /v1/sessions/{id}/channels/{channelId}/posts: a page as WhatsApp has it, with its counts, also of what was written
// before we followed; kept with the chat's messages. POST …/watch: views and reactions are told for a while.
import * as v from 'valibot'
import { toMessageView } from '../../../shared/model/message.ts'
import type { Api } from '../../deps.ts'
import { askWhatsapp } from '../../ask.ts'
import { sessionOperation } from '../../operation.ts'
import { findFollowed } from './find-channel.ts'

const PostsQuery = v.strictObject({
  limit: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d{1,3}$/, 'must be a whole number'),
      v.transform(Number),
      v.minValue(1, 'must be at least 1'),
      v.maxValue(100, 'must be at most 100'),
    ),
    '50',
  ),
  /** The number of a post: older ones. */
  before: v.optional(v.pipe(v.string(), v.regex(/^\d{1,15}$/, 'must be the serverId of a post'))),
})

export const listPosts = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'channels.read', query: PostsQuery },
    async (c, { actor, sessionId, query: { limit, before } }) => {
      const { channelId } = await findFollowed(api, sessionId, c.req.param('channelId'))
      const payload = { channelId, count: limit, ...(before === undefined ? {} : { before }) }
      const answer = await askWhatsapp(api, c, { actor, sessionId, kind: 'channel.posts', payload })
      const rows = await api.store.posts.among(sessionId, channelId, answer['serverIds'] as string[])
      return c.json({ data: rows.map(toMessageView) })
    },
  )

export const watchChannel = (api: Api) =>
  sessionOperation(api, { scope: 'channels.read' }, async (c, { actor, sessionId }) => {
    const { channelId } = await findFollowed(api, sessionId, c.req.param('channelId'))
    return c.json(await askWhatsapp(api, c, { actor, sessionId, kind: 'channel.watch', payload: { channelId } }))
  })
