// What each kind of command does on the wire. Total: a new kind does not compile until it is decided here.
import type { Command, CommandKind } from '../../../shared/model/command.ts'
import { toMessageKey, type Message } from '../../../shared/model/message.ts'
import type { Connection } from '../../whatsapp/connection.ts'
import type { MessageRef } from '../../whatsapp/sending.ts'
import type { RecordContext } from '../record/context.ts'

export type Outcome =
  /** On the wire; the server's ack decides. */
  { outcome: 'awaiting-ack' } | { outcome: 'done' } | { outcome: 'failed'; code: string; reason: string }

export type ActContext = RecordContext & { connection: Connection }
type Act<K extends CommandKind> = (context: ActContext, command: Command<K>) => Promise<Outcome>

const done: Outcome = { outcome: 'done' }
const awaitingAck: Outcome = { outcome: 'awaiting-ack' }
const unknownTarget: Outcome = {
  outcome: 'failed',
  code: 'message.not_found',
  reason: 'The message it refers to is not known',
}
const idOf = (command: Command) => command.messageId ?? command._id

async function targetOf(
  context: ActContext,
  payload: { chatId: string; targetId: string },
  sender?: string,
): Promise<{ ref: MessageRef; row: Message } | undefined> {
  // Two chats may have become one since.
  const chatId = (await context.addresses.knownChatId([payload.chatId])) ?? payload.chatId
  const rows = await context.store.messages.find(context.sessionId, payload.targetId, chatId)
  const row = sender === undefined ? rows[0] : rows.find((one) => one.sender === sender)
  if (!row) return undefined
  const inGroup = row.chatId.endsWith('@g.us') && !row.fromMe
  return {
    row,
    ref: {
      chat: row.chatId,
      messageId: row.messageId,
      fromMe: row.fromMe,
      ...(inGroup ? { participant: row.sender } : {}),
    },
  }
}

async function quotedFor(context: ActContext, chatId: string, messageId: string | undefined) {
  if (messageId === undefined) return undefined
  const found = await targetOf(context, { chatId, targetId: messageId })
  if (!found) return undefined
  const { ref, row } = found
  return { ref, ...(row.raw ? { raw: row.raw } : {}), ...(row.text === undefined ? {} : { text: row.text }) }
}

const acts: { [K in CommandKind]: Act<K> } = {
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
  'chat.read': async (context, command) => {
    const { chatId } = command.payload
    const page = await context.store.messages.page(context.sessionId, chatId, { limit: 100 })
    const refs = page.data.filter((row) => !row.fromMe && !row.historical)
    if (refs.length > 0)
      await context.connection.sending.markRead(
        refs.map((row) => ({
          chat: chatId,
          messageId: row.messageId,
          fromMe: false,
          ...(chatId.endsWith('@g.us') ? { participant: row.sender } : {}),
        })),
      )
    await context.store.chats.touch(context.sessionId, chatId, { unread: 'clear' })
    return done
  },
  'chat.typing': async (context, command) => {
    await context.connection.sending.typing(command.payload.chatId, command.payload.state)
    return done
  },
  'presence.set': async (context, command) => {
    await context.connection.sending.presence(command.payload.state)
    return done
  },
  'presence.subscribe': async (context, command) => {
    await context.connection.sending.subscribePresence(command.payload.chatId)
    return done
  },
}

export function act(context: ActContext, command: Command): Promise<Outcome> {
  const perform = acts[command.kind] as Act<CommandKind>
  return perform(context, command)
}
