// POST /v1/sessions/{id}/messages/{messageId}/forward: the message as it stands, to another chat.
import * as v from 'valibot'
import { contentFields, type ShownContent } from '../../../shared/model/content.ts'
import { ForwardMessage, type Message } from '../../../shared/model/message.ts'
import { createMessageId } from '../../../shared/model/message-id.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { toJid } from '../../request/address.ts'
import { Wait } from '../../request/wait.ts'
import { checkChannel } from '../channels/check-channel.ts'
import { ChatIdQuery, findTarget } from './find-target.ts'

/** What WhatsApp's apps send on. Of the others the secret, or the sense, stays in its chat. */
const forwardable = new Set(['text', 'location', 'contacts', 'image', 'video', 'audio', 'voice', 'document', 'sticker'])

export const forwardMessage = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'messages.write', body: ForwardMessage, query: v.strictObject({ chatId: ChatIdQuery, wait: Wait }) },
    async (c, { actor, sessionId, body, query }) => {
      const to = toJid(body.to, 'to')
      await api.sessions.mustExist(sessionId)
      const target = await findTarget(api, sessionId, c.req.param('messageId'), query.chatId)
      // What has no row yet may never be sent.
      if (!('row' in target)) throw new Problem('message.not_forwardable', { detail: 'It has not been sent yet' })
      await checkChannel(api, sessionId, to, { type: target.row.type === 'text' ? 'text' : 'forward' })
      const { chatId, sender, messageId } = target
      const { command, isDone } = await giveOrder(api, c, {
        actor,
        sessionId,
        kind: 'message.send',
        lane: await api.lanes.of(sessionId, to),
        payload: {
          to,
          content: { type: 'forward', source: { chatId, sender, messageId }, shown: toSentOn(target.row) },
        },
        messageId: createMessageId(),
        body,
        wait: query.wait,
      })
      const answer = { messageId: command.messageId ?? '', commandId: command._id }
      return isDone
        ? c.json({ ...answer, status: 'sent' as const }, 201)
        : c.json({ ...answer, status: 'queued' as const }, 202)
    },
  )

/** How it will look. Throws `message.not_forwardable`. */
function toSentOn(row: Message): ShownContent {
  if (!forwardable.has(row.type))
    throw new Problem('message.not_forwardable', {
      detail: `A message of the type ${row.type} stays in its chat; sent on are ${[...forwardable].join(', ')}`,
    })
  if (row.revokedAt || row.viewOnce)
    throw new Problem('message.not_forwardable', { detail: 'It was taken back, or may be looked at once only' })
  const { mentions: _mentions, isForwarded: _was, forwardingScore = 0, ephemeralSeconds: _stays, ...kept } = row
  const fields = contentFields.flatMap((name) => (name in kept ? [[name, (kept as Partial<Message>)[name]]] : []))
  const score = forwardingScore + (row.fromMe ? 0 : 1)
  return {
    type: row.type,
    ...Object.fromEntries(fields),
    ...(score > 0 ? { isForwarded: true, forwardingScore: score } : {}),
  }
}
