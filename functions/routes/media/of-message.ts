// GET, HEAD …/messages/{messageId}/media: the file of a message, fetched from WhatsApp now if it is not here yet.
// POST …/messages/{messageId}/media/link: the same as an address for browsers.
import * as v from 'valibot'
import type { Actor } from '../../../shared/model/api-key.ts'
import type { MediaFile } from '../../../shared/model/media.ts'
import type { Message } from '../../../shared/model/message.ts'
import { Problem } from '../../../shared/model/problem.ts'
import { askWhatsapp } from '../../ask.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation, type AppContext } from '../../operation.ts'
import { serveFile } from '../../request/serve-file.ts'
import { ChatIdQuery, findTarget } from '../messages/find-target.ts'
import { MakeLink, toLink } from './link.ts'

const Query = v.strictObject({ chatId: ChatIdQuery })

export const readMessageMedia = (api: Api) =>
  sessionOperation(api, { scope: 'messages.read', query: Query }, async (c, { actor, sessionId, query }) => {
    const { file, fileName } = await fileOf(api, c, { actor, sessionId, chatId: query.chatId })
    return serveFile(c, api.store.media, file, fileName)
  })

export const linkMessageMedia = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'messages.read', query: Query, body: MakeLink },
    async (c, { actor, sessionId, query, body }) => {
      const { file } = await fileOf(api, c, { actor, sessionId, chatId: query.chatId })
      return c.json(toLink(api, c, file._id, body.expiresInSeconds), 201)
    },
  )

type Asked = { actor: Actor; sessionId: string; chatId: string | undefined }

async function fileOf(api: Api, c: AppContext, { actor, sessionId, chatId }: Asked) {
  await api.sessions.mustExist(sessionId)
  const target = await findTarget(api, sessionId, c.req.param('messageId'), chatId)
  const row = 'row' in target ? target.row : undefined
  const media = row?.media ?? mediaOfOrder(target)
  if (!media) throw new Problem('media.none')
  const standing = media.fileId === undefined ? null : await api.store.media.read(media.fileId)
  if (standing) return { file: standing, fileName: media.fileName }
  if (!row?.raw) throw new Problem('media.not_ready', { retryAfterSeconds: 2 })
  return { file: await fetchNow(api, c, actor, row), fileName: media.fileName }
}

/** As long as the message is an order only. */
function mediaOfOrder(
  target: Awaited<ReturnType<typeof findTarget>>,
): { fileId?: string; fileName?: string } | undefined {
  if (!('command' in target)) return undefined
  const { content } = target.command.payload
  return 'media' in content ? content.media : undefined
}

async function fetchNow(api: Api, c: AppContext, actor: Actor, row: Message): Promise<MediaFile> {
  const { sessionId, chatId, messageId, sender } = row
  const payload = { chatId, targetId: messageId, sender }
  const { fileId } = await askWhatsapp(api, c, { actor, sessionId, kind: 'media.fetch', payload })
  const file = typeof fileId === 'string' ? await api.store.media.read(fileId) : null
  if (!file) throw new Problem('media.not_ready', { retryAfterSeconds: 2 })
  return file
}
