// POST /whatsapp/message/send/media {to, caption, mediaUrl, mediaType}. Document 2. The connector fetches the address.
import * as v from 'valibot'
import { SendMessage } from '../../../shared/model/message.ts'
import type { Api } from '../../deps.ts'
import { parseInput } from '../../request/read-body.ts'
import { acceptMessage } from '../messages/send.ts'
import { defaultSessionOperation } from './default-session.ts'

const SendMedia = v.strictObject({
  to: v.string(),
  caption: v.optional(v.string()),
  mediaUrl: v.string(),
  mediaType: v.picklist(['image', 'video', 'document']),
})

export const sendCompatMedia = (api: Api) =>
  defaultSessionOperation(api, { scope: 'messages.write', body: SendMedia }, async (c, { actor, sessionId, body }) => {
    const { to, caption, mediaUrl, mediaType } = body
    const message = parseInput(SendMessage, {
      type: mediaType,
      to,
      media: { url: mediaUrl },
      ...(caption === undefined || caption === '' ? {} : { caption }),
    })
    const { command, isDone } = await acceptMessage(api, c, { actor, sessionId, body: message })
    const answer = { messageId: command.messageId ?? '', commandId: command._id }
    return isDone
      ? c.json({ ...answer, status: 'sent' as const }, 201)
      : c.json({ ...answer, status: 'queued' as const }, 202)
  })
