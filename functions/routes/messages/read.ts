// GET /v1/sessions/{id}/messages/{messageId}: one message with its status history and reactions.
import { toShown } from '../../../shared/model/content.ts'
import * as v from 'valibot'
import type { Command } from '../../../shared/model/command.ts'
import { toMessageView, type MessageView } from '../../../shared/model/message.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { ChatIdQuery, findTarget } from './find-target.ts'

export const readMessage = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'messages.read', query: v.strictObject({ chatId: ChatIdQuery }) },
    async (c, { sessionId, query }) => {
      await api.sessions.mustExist(sessionId)
      const target = await findTarget(api, sessionId, c.req.param('messageId'), query.chatId)
      return c.json('row' in target ? toMessageView(target.row) : toAcceptedView(target.command, target.messageId))
    },
  )

/** A message as it is before its owner has made its row. */
function toAcceptedView(command: Command<'message.send'>, messageId: string): MessageView {
  const hasFailed = command.state === 'failed' || command.state === 'cancelled' || command.state === 'expired'
  return {
    messageId,
    sessionId: command.sessionId,
    chatId: command.lane,
    fromMe: true,
    from: 'me',
    to: command.lane,
    pushName: undefined,
    kind: undefined,
    text: undefined,
    location: undefined,
    contacts: undefined,
    poll: undefined,
    mentions: undefined,
    ...toShown(command.payload.content),
    quotedMessageId: command.payload.quotedMessageId,
    timestamp: command.createdAt,
    status: hasFailed ? 'failed' : 'queued',
    statusTimes: {
      queued: command.createdAt,
      ...(hasFailed && command.finishedAt ? { failed: command.finishedAt } : {}),
    },
    error: hasFailed
      ? { code: command.error?.code ?? `command.${command.state}`, reason: command.error?.reason ?? command.state }
      : undefined,
    reactions: [],
    editedAt: undefined,
    revokedAt: undefined,
    historical: undefined,
    commandId: command._id,
  }
}
