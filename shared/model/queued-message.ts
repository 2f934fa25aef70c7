// A message of ours as it is while it waits: what the order says of it.
import type { Command } from './command.ts'
import { toShown } from './content.ts'
import { toMessageKey, type Message } from './message.ts'

/** `chatId`: the chat that the order's address leads to. */
export function toQueuedMessage(command: Command<'message.send'>, chatId: string): Message {
  const { content, quotedMessageId, ephemeralSeconds } = command.payload
  const messageId = command.messageId ?? command._id
  return {
    _id: toMessageKey(command.sessionId, chatId, 'me', messageId),
    sessionId: command.sessionId,
    chatId,
    messageId,
    sender: 'me',
    fromMe: true,
    ...toShown(content),
    ...(ephemeralSeconds ? { ephemeralSeconds } : {}),
    ...(quotedMessageId === undefined ? {} : { quotedMessageId }),
    timestamp: command.createdAt,
    status: 'queued',
    statusTimes: { queued: command.createdAt },
    reactions: [],
    commandId: command._id,
    createdAt: new Date(),
  }
}
