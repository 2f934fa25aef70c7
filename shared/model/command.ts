// A command is an order to a session's owner with its whole payload and its outcome: the durable outbox.
import type { Timestamp } from 'bson'
import type { OutContent } from './content.ts'
import type { GroupSettings } from './group.ts'
import type { EventAnswer } from './planned-event.ts'
import type { FieldFault } from './problem.ts'

/** Per kind: what the owner needs. A new kind is a new row here and an act in connector/sessions/outbox/acts. */
export type CommandPayloads = {
  'message.send': { to: string; content: OutContent; quotedMessageId?: string; ephemeralSeconds?: number }
  /** `options`: their words; none = withdrawn. */
  'message.vote': { chatId: string; targetId: string; targetSender: string; options: string[] }
  'message.respond': { chatId: string; targetId: string; targetSender: string; answer: EventAnswer }
  'message.edit': { chatId: string; targetId: string; text: string }
  'message.revoke': { chatId: string; targetId: string }
  'message.react': { chatId: string; targetId: string; targetSender: string; emoji: string }
  'chat.read': { chatId: string }
  'chat.typing': { chatId: string; state: 'composing' | 'recording' | 'paused' }
  'presence.set': { state: 'available' | 'unavailable' }
  'presence.subscribe': { chatId: string }
  /** The file of a message, from WhatsApp into the store. */
  'media.fetch': { chatId: string; targetId: string; sender: string }
  /** `phones`: digits. */
  'contacts.check': { phones: string[] }
  /** Participants are jids, here and below. */
  'group.create': { subject: string; participants: string[] }
  'group.update': { groupId: string; settings: Partial<GroupSettings> }
  'group.participants': {
    groupId: string
    action: 'add' | 'remove' | 'promote' | 'demote'
    participants: string[]
  }
  /** `forget`: its row goes as well. */
  'group.leave': { groupId: string; forget?: true }
  'group.join': { code: string }
  'group.invite': { groupId: string }
  'group.renew_invite': { groupId: string }
  'group.requests': { groupId: string }
  'group.decide_requests': { groupId: string; action: 'approve' | 'reject'; participants: string[] }
}
export type CommandKind = keyof CommandPayloads

/** What needs no place among the messages of its chat: it may go while they wait. */
export const lightKinds: readonly CommandKind[] = [
  'chat.read',
  'chat.typing',
  'presence.set',
  'presence.subscribe',
  'contacts.check',
  'group.invite',
  'group.requests',
  'media.fetch',
]

/** What must not happen twice: found half done after a crash, it ends as `command.outcome_unknown`. */
export const onceKinds: readonly CommandKind[] = ['group.create']

export const commandStates = ['queued', 'sending', 'done', 'failed', 'cancelled', 'expired'] as const
export type CommandState = (typeof commandStates)[number]

/** The document in `commands`. */
export type Command<K extends CommandKind = CommandKind> = {
  _id: string
  sessionId: string
  /** Commands of one lane leave in order; lanes run side by side. The chat's address as it was given. */
  lane: string
  kind: K
  payload: CommandPayloads[K]
  /** The WhatsApp id the message will have, chosen at acceptance. */
  messageId?: string
  state: CommandState
  /** Its kind is one of `lightKinds`. */
  light?: true
  /** Filled in by the server at insert: the order inside a lane. */
  ts: Timestamp
  actor: string
  idempotencyKey?: string
  /** sha256 of route and parsed body; the same key with another hash is refused. */
  bodyHash?: string
  notBefore?: Date
  expiresAt?: Date
  attempts: number
  /** How often it was found in the hands of an owner that is gone, and taken by the next one. */
  trials?: number
  /** Not before this time again, after a failure that can be retried. */
  retryAt?: Date
  epoch?: number
  /** Names the round trip in which it was taken. */
  taker?: string
  error?: { code: string; reason: string; errors?: FieldFault[] }
  /** What was asked for, once it is done. */
  result?: Record<string, unknown>
  createdAt: Date
  finishedAt?: Date
}

export function toCommandView(command: Command) {
  return {
    commandId: command._id,
    sessionId: command.sessionId,
    kind: command.kind,
    messageId: command.messageId,
    state: command.state,
    attempts: command.attempts,
    error: command.error,
    result: command.result,
    notBefore: command.notBefore,
    expiresAt: command.expiresAt,
    createdAt: command.createdAt,
    finishedAt: command.finishedAt,
  }
}
