// POST /whatsapp/message/send/text {to, text}. Document 2.
import * as v from 'valibot'
import { SendMessage } from '../../../shared/model/message.ts'
import type { Api } from '../../deps.ts'
import { parseInput } from '../../request/read-body.ts'
import { acceptMessage } from '../messages/send.ts'
import { defaultSessionOperation } from './default-session.ts'

const SendText = v.strictObject({ to: v.string(), text: v.string() })

export const sendCompatText = (api: Api) =>
  defaultSessionOperation(api, { scope: 'messages.write', body: SendText }, async (c, { actor, sessionId, body }) => {
    const message = parseInput(SendMessage, { type: 'text', ...body })
    const { command, isDone } = await acceptMessage(api, c, { actor, sessionId, body: message })
    const answer = { messageId: command.messageId ?? '', commandId: command._id }
    return isDone
      ? c.json({ ...answer, status: 'sent' as const }, 201)
      : c.json({ ...answer, status: 'queued' as const }, 202)
  })
