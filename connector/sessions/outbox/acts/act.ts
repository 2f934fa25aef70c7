// What an act is: a command of one kind, done on an open connection.
import type { Command, CommandKind } from '../../../../shared/model/command.ts'
import type { ProblemCode } from '../../../../shared/model/problem.ts'
import { isPersonJid } from '../../../../shared/model/jid.ts'
import type { Message } from '../../../../shared/model/message.ts'
import type { Connection } from '../../../whatsapp/connection.ts'
import type { MessageRef } from '../../../whatsapp/message-ref.ts'
import type { RecordContext } from '../../record/context.ts'
import { rowNow } from '../../record/where-it-stands.ts'

export type Outcome =
  /** On the wire; the server's ack decides. */
  | { outcome: 'awaiting-ack' }
  /** `result`: what was asked for; the API gives it to whoever waits. At most a few kilobytes. */
  | { outcome: 'done'; result?: Record<string, unknown> }
  /** It will not succeed later either. */
  | { outcome: 'failed'; code: ProblemCode; reason: string }

export type ActContext = RecordContext & { connection: Connection }
export type Act<K extends CommandKind> = (context: ActContext, command: Command<K>) => Promise<Outcome>
/** The acts of one noun: a part of the table in `acts.ts`. */
export type Acts<K extends CommandKind> = { [One in K]: Act<One> }

export const done: Outcome = { outcome: 'done' }
export const awaitingAck: Outcome = { outcome: 'awaiting-ack' }
export const unknownTarget: Outcome = {
  outcome: 'failed',
  code: 'message.not_found',
  reason: 'The message it refers to is not known',
}
/** The id that the stanza of this command has. */
export const idOf = (command: Command) => command.messageId ?? command._id

/** In groups people are named by their LID where it is known. */
export function inGroupForm({ connection }: Pick<ActContext, 'connection'>, sender: string): string {
  return connection.identify(sender).find((jid) => jid.endsWith('@lid')) ?? sender
}

/** The message that a command is about; of `sender` only, where one is given. */
export async function targetOf(
  context: ActContext,
  payload: { chatId: string; targetId: string },
  sender?: string,
): Promise<{ ref: MessageRef; row: Message } | undefined> {
  const row = await rowNow(context, payload, sender)
  return row && { row, ref: toRef(context, row) }
}

/** A message as WhatsApp addresses it. */
export function toRef(context: ActContext, { chatId, messageId, fromMe, sender }: Message): MessageRef {
  const inGroup = !isPersonJid(chatId) && !fromMe
  return { chat: chatId, messageId, fromMe, ...(inGroup ? { participant: inGroupForm(context, sender) } : {}) }
}
