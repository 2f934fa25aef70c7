// The message that a request speaks of: its row, or the order to send it as long as its owner has not made the row.
import * as v from 'valibot'
import type { Command } from '../../../shared/model/command.ts'
import { MessageId, type Message } from '../../../shared/model/message.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { toJid } from '../../request/address.ts'
import { refuseChannel } from '../channels/check-channel.ts'

export type Target = { chatId: string; messageId: string; sender: string; fromMe: boolean } & (
  | { row: Message }
  | { command: Command<'message.send'> }
)

/** `?chatId=`, a phone number or a jid. */
export const ChatIdQuery = v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(100)))

/** Throws `message.not_found`, or `message.ambiguous` when several chats have that id and `chat` does not say which. */
export async function findTarget(
  api: Api,
  sessionId: string,
  messageId: string | undefined,
  chat: string | undefined,
): Promise<Target> {
  if (messageId === undefined || !v.is(MessageId, messageId)) throw new Problem('message.not_found')
  const chatId = chat === undefined ? undefined : await api.lanes.of(sessionId, toJid(chat, 'chatId'))
  const rows = await api.store.messages.find(sessionId, messageId, chatId, 2)
  const [row] = rows
  if (row) {
    if (rows.length > 1) throw new Problem('message.ambiguous', { detail: 'Say which chat with ?chatId=' })
    return { chatId: row.chatId, messageId, sender: row.sender, fromMe: row.fromMe, row }
  }
  const command = await api.store.commands.ofMessage(sessionId, messageId)
  if (command?.kind !== 'message.send') throw new Problem('message.not_found')
  const order = command as Command<'message.send'>
  if (chatId !== undefined && order.lane !== chatId) {
    // Accepted before its chat was known by the address that it has now.
    const chat = await api.store.chats.resolve(sessionId, [order.lane])
    if (chat?.chatId !== chatId) throw new Problem('message.not_found')
  }
  return { chatId: chatId ?? order.lane, messageId, sender: 'me', fromMe: true, command: order }
}

/**
 * The same for a message that is to be changed: one that never went is not there. Throws `message.revoked`, and
 * `message.not_due` for one that is to go later: what would change it would be there before it.
 */
export async function findLiveTarget(
  api: Api,
  sessionId: string,
  messageId: string | undefined,
  chat: string | undefined,
): Promise<Target> {
  const target = await findTarget(api, sessionId, messageId, chat)
  if ('row' in target) {
    if (target.row.status === 'failed') throw new Problem('message.not_found')
    if (target.row.revokedAt) throw new Problem('message.revoked')
    return target
  }
  const { _id, state, notBefore } = target.command
  if (['failed', 'cancelled', 'expired'].includes(state)) throw new Problem('message.not_found')
  if (state === 'queued' && notBefore && notBefore > new Date())
    throw new Problem('message.not_due', { detail: `DELETE /v1/commands/${_id}` })
  return target
}

/** The same for a message that only its sender may change. Throws `message.not_own`, `channel.not_supported`. */
export async function findOwnTarget(
  api: Api,
  sessionId: string,
  messageId: string | undefined,
  chat: string | undefined,
): Promise<Target> {
  const target = await findLiveTarget(api, sessionId, messageId, chat)
  refuseChannel(target.chatId)
  if (!target.fromMe) throw new Problem('message.not_own')
  return target
}

/** A poll or an event whose answers can be sealed. Throws `message.not_answerable`. */
export async function findAnswerable(
  api: Api,
  sessionId: string,
  messageId: string | undefined,
  chat: string | undefined,
  type: 'poll' | 'event',
): Promise<Message> {
  const target = await findLiveTarget(api, sessionId, messageId, chat)
  refuseChannel(target.chatId)
  const isThere = 'row' in target && target.row.type === type && target.row.revokedAt === undefined
  if (!isThere) throw new Problem('message.not_answerable', { detail: `It is no ${type}, or not sent yet` })
  return target.row
}

/** A message that WhatsApp has, its phone too: one that has not gone is none yet. */
export async function findStanding(
  api: Api,
  sessionId: string,
  messageId: string | undefined,
  chat: string | undefined,
): Promise<Message> {
  const target = await findTarget(api, sessionId, messageId, chat)
  if (!('row' in target) || target.row.status === 'queued' || target.row.status === 'failed')
    throw new Problem('message.not_found')
  refuseChannel(target.chatId)
  return target.row
}

/** The same for what only a message that says something can have. Throws `message.revoked`. */
export async function findUnrevoked(...given: Parameters<typeof findStanding>): Promise<Message> {
  const row = await findStanding(...given)
  if (row.revokedAt) throw new Problem('message.revoked')
  return row
}
