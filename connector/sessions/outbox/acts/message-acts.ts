// Messages of ours, and what we do to messages.
import { toMessageKey } from '../../../../shared/model/message.ts'
import { awaitingAck, idOf, targetOf, unknownTarget, type ActContext, type Acts } from './act.ts'

async function quotedFor(context: ActContext, chatId: string, messageId: string | undefined) {
  if (messageId === undefined) return undefined
  const found = await targetOf(context, { chatId, targetId: messageId })
  if (!found) return undefined
  const { ref, row } = found
  return { ref, ...(row.raw ? { raw: row.raw } : {}), ...(row.text === undefined ? {} : { text: row.text }) }
}

export const messageActs: Acts<'message.send' | 'message.edit' | 'message.revoke' | 'message.react'> = {
  'message.send': async (context, command) => {
    const { to, content, quotedMessageId } = command.payload
    const messageId = idOf(command)
    const chatId = await context.addresses.chatIdOf(context.connection.identify(to), command.createdAt)
    const quoted = await quotedFor(context, chatId, quotedMessageId)
    const sent = await context.connection.sending.message(to, messageId, content, quoted)
    if (sent.outcome === 'not_on_whatsapp')
      return { outcome: 'failed', code: 'recipient.not_on_whatsapp', reason: 'This number is not on WhatsApp' }
    // A plain text can be made again for a resend; anything else is kept as it went.
    if (quoted || content.type !== 'text' || content.mentions)
      await context.store.messages.keepRaw(toMessageKey(context.sessionId, chatId, 'me', messageId), sent.raw)
    return awaitingAck
  },
  'message.edit': async (context, command) => {
    const target = await targetOf(context, command.payload, 'me')
    if (!target) return unknownTarget
    await context.connection.sending.edit(target.ref, idOf(command), command.payload.text)
    return awaitingAck
  },
  'message.revoke': async (context, command) => {
    const target = await targetOf(context, command.payload, 'me')
    if (!target) return unknownTarget
    await context.connection.sending.revoke(target.ref, idOf(command))
    return awaitingAck
  },
  'message.react': async (context, command) => {
    const target = await targetOf(context, command.payload, command.payload.targetSender)
    if (!target) return unknownTarget
    await context.connection.sending.react(target.ref, idOf(command), command.payload.emoji)
    return awaitingAck
  },
}
