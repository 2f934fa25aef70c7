// A command is an order to a session's owner with its whole payload and its outcome: the durable outbox.
import type { Timestamp } from 'bson'
import type { OutContent } from './content.ts'
import type { GroupSettings } from './group.ts'
import type { EventAnswer } from './planned-event.ts'
import type { FieldFault } from './problem.ts'
import type { PatchPrivacy } from './profile.ts'

/** Per kind: what the owner needs. A new kind is a new row here and an act in connector/sessions/outbox/acts. */
export type CommandPayloads = {
  'message.send': {
    to: string
    content: OutContent
    quotedMessageId?: string
    ephemeralSeconds?: number
    viewers?: string[]
  }
  /** `options`: their words; none = withdrawn. */
  'message.vote': { chatId: string; targetId: string; targetSender: string; options: string[] }
  'message.respond': { chatId: string; targetId: string; targetSender: string; answer: EventAnswer }
  'message.edit': { chatId: string; targetId: string; text: string }
  /** `targetSender`: an admin of a group takes back what another wrote. Default: our own. */
  'message.revoke': { chatId: string; targetId: string; targetSender?: string }
  'message.react': { chatId: string; targetId: string; targetSender: string; emoji: string }
  'chat.read': { chatId: string }
  /** Asks the phone for `count` messages older than the oldest one here. */
  'chat.history': { chatId: string; count: number }
  'chat.typing': { chatId: string; state: 'composing' | 'recording' | 'paused' }
  'presence.set': { state: 'available' | 'unavailable' }
  'presence.subscribe': { chatId: string }
  /** The file of a message, from WhatsApp into the store. */
  'media.fetch': { chatId: string; targetId: string; sender: string }
  'message.star': { chatId: string; targetId: string; targetSender: string; starred: boolean }
  'message.label': { chatId: string; targetId: string; targetSender: string; labelId: string; labeled: boolean }
  /** Deletes our own copy. */
  'message.hide': { chatId: string; targetId: string; targetSender: string }
  /** 0 seconds takes the pin off. */
  'message.pin': { chatId: string; targetId: string; targetSender: string; seconds: number }
  /** `mutedUntil: null` = not muted; `labels`: all it shall have. */
  'chat.set': {
    chatId: string
    archived?: boolean
    pinned?: boolean
    mutedUntil?: Date | null
    ephemeralSeconds?: number
    labels?: string[]
  }
  'chat.unread': { chatId: string }
  'chat.clear': { chatId: string }
  'chat.delete': { chatId: string }
  'label.set': { labelId: string; name: string; color: number; deleted: boolean }
  'contact.block': { jid: string; blocked: boolean }
  'contact.about': { jid: string }
  'contact.picture': { jid: string; size: 'preview' | 'image' }
  'contact.addresses': { jid: string }
  'blocklist.read': Record<string, never>
  'profile.read': Record<string, never>
  /** Ours, or a group's; without a file it goes. */
  'picture.set': { groupId?: string; fileId?: string }
  'profile.set': { changes: { name?: string; about?: string } }
  'privacy.read': Record<string, never>
  'privacy.set': { changes: PatchPrivacy }
  'call.reject': { callId: string }
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
  /** Asked of WhatsApp, by its id or by the code in its link. */
  'channel.read': { channelId: string } | { invite: string }
  'channel.follow': { channelId: string; followed: boolean }
  'channel.mute': { channelId: string; muted: boolean }
  'channel.create': { name: string; description: string }
  'channel.update': { channelId: string; name?: string; description?: string }
  /** Without a file it goes. */
  'channel.picture': { channelId: string; fileId?: string }
  'channel.delete': { channelId: string }
  /** Fetches a page of posts; `before` = the number of a post. */
  'channel.posts': { channelId: string; count: number; before?: string }
  /** Views and reactions are told for a while. */
  'channel.watch': { channelId: string }
}
export type CommandKind = keyof CommandPayloads

/** What needs no place among the messages of its chat: it may go while they wait. */
export const lightKinds: readonly CommandKind[] = [
  'chat.read',
  'chat.typing',
  'chat.history',
  'presence.set',
  'presence.subscribe',
  'contacts.check',
  'group.invite',
  'group.requests',
  'media.fetch',
  'message.star',
  'message.hide',
  'message.label',
  'chat.set',
  'chat.unread',
  'chat.clear',
  'chat.delete',
  'label.set',
  'contact.block',
  'contact.about',
  'contact.picture',
  'contact.addresses',
  'blocklist.read',
  'profile.read',
  'profile.set',
  'picture.set',
  'privacy.read',
  'privacy.set',
  'call.reject',
  'channel.read',
  'channel.posts',
  'channel.watch',
]

/** What must not happen twice: found half done after a crash, it ends as `command.outcome_unknown`. */
export const onceKinds: readonly CommandKind[] = ['group.create', 'channel.create']

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
  /** It is one recipient's part of a batch. */
  batchId?: string
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
  /** It was on its way when its connection went: WhatsApp may have it. It goes again, under its id. */
  mayBeOut?: true
  epoch?: number
  /** Names the round trip in which it was taken. */
  taker?: string
  /** It has passed its `expiresAt`, and never leaves: whoever finds it in `sending` ends it. */
  expiring?: true
  /** It must not leave any more, and why; it ends like what expires. */
  refused?: { code: string; reason: string }
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
    batchId: command.batchId,
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
