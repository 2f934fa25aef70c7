// One WhatsApp message → the facts in it: a message, an edit, a revoke, a reaction, or nothing for people to see.
import { normalizeMessageContent, proto, WAMessageStubType, type WAMessage } from '@whiskeysockets/baileys'
import type { Fact, Jids, MessageFact } from './facts.ts'
import { isMessageId, toEmoji, toName, toPast, toSeconds } from './bounds.ts'
import { editedText, parseContent, toInstant } from './content.ts'
import type { Identities } from './identities.ts'
import { isChannelJid, isGroupJid, isPersonJid } from '../../shared/model/jid.ts'
import { isServerId } from './channel-facts.ts'
import { postCategory } from './post-arrival.ts'

const ProtocolType = proto.Message.ProtocolMessage.Type

export function toMessageFact(
  message: WAMessage,
  identities: Identities,
  historical: boolean,
): MessageFact | undefined {
  const { key } = message
  const chat = identities.jidsOf(key.remoteJid, key.remoteJidAlt)
  const messageId = key.id
  if (!chat || !isMessageId(messageId)) return undefined
  const sender = senderOf(message, chat, identities)
  const post = toPost(message, chat)
  const pushName = post ? undefined : toName(message.pushName)
  const base = {
    kind: 'message' as const,
    chat,
    sender,
    messageId,
    at: toInstant(message.messageTimestamp),
    historical,
    ...(pushName ? { pushName } : {}),
    ...(post?.serverId ? { post: { serverId: post.serverId } } : {}),
  }
  if (message.messageStubType === WAMessageStubType.CIPHERTEXT) {
    // What a channel's post cannot be read for, no phone tells.
    if (post || historical || !message.messageStubParameters?.length) return undefined
    return { ...base, content: { type: 'undecryptable' } }
  }
  const content = parseContent(message.message)
  if (!content) return undefined
  const mentioned = (content.mentions ?? []).map((jid) => identities.jidsOf(jid)).filter((jids) => jids !== undefined)
  return { ...base, content, ...(mentioned.length > 0 ? { mentioned } : {}) }
}

/** In a channel; rc14 hands on the number in the key, or in its second way (a notice) as the id. */
function toPost({ key }: WAMessage, chat: Jids): { serverId?: string } | undefined {
  if (!isChannelJid(chat[0])) return undefined
  const serverId = (key as { server_id?: string }).server_id ?? key.id
  return isServerId(serverId) ? { serverId } : {}
}

/** See `post-arrival.ts`. */
const isOwnPost = (message: WAMessage) => (message as { category?: string }).category === postCategory.ours

function senderOf(message: WAMessage, chat: Jids, identities: Identities): 'me' | Jids {
  const { key } = message
  if (key.fromMe || isOwnPost(message)) return 'me'
  return (key.participant && identities.jidsOf(key.participant, key.participantAlt)) || chat
}

function namedAuthor(jid: string, identities: Identities): 'me' | Jids | undefined {
  return identities.isMe(jid) ? 'me' : identities.jidsOf(jid)
}

const isSameAuthor = (a: 'me' | Jids, b: 'me' | Jids): boolean =>
  a === 'me' || b === 'me' ? a === b : a.some((jid) => b.includes(jid))

/** `undefined`: nothing that people see (protocol traffic between own devices, key distributions). */
export function toFact(message: WAMessage, identities: Identities): Fact | undefined {
  const chat = identities.jidsOf(message.key.remoteJid, message.key.remoteJidAlt)
  if (!chat || !isMessageId(message.key.id)) return undefined
  const content = normalizeMessageContent(message.message)
  const sender = senderOf(message, chat, identities)
  const at = toInstant(message.messageTimestamp)
  const protocol = content?.protocolMessage
  if (protocol) {
    // The target is looked up under the AUTHOR of this stanza, so that nobody can edit or revoke what another wrote.
    const target = protocol.key?.id ? { chat, sender, messageId: protocol.key.id } : undefined
    if (target && protocol.type === ProtocolType.REVOKE) {
      const author = protocol.key?.participant ? namedAuthor(protocol.key.participant, identities) : undefined
      const isOthers = author && isGroupJid(chat[0]) && !isSameAuthor(author, sender)
      return isOthers
        ? { kind: 'revoke', target: { ...target, sender: author }, by: sender, at }
        : { kind: 'revoke', target, at }
    }
    if (target && protocol.type === ProtocolType.MESSAGE_EDIT) {
      const text = editedText(protocol.editedMessage)
      const editedAt = toPast(protocol.timestampMs, at)
      return text === undefined ? undefined : { kind: 'edit', target, text, at: editedAt }
    }
    if (protocol.type === ProtocolType.EPHEMERAL_SETTING && isPersonJid(chat[0]))
      return { kind: 'chats', chats: [{ jids: chat, ephemeralSeconds: toSeconds(protocol.ephemeralExpiration) }] }
    return undefined
  }
  const reaction = content?.reactionMessage
  if (reaction) {
    if (!reaction.key?.id) return undefined
    // cleanMessage has turned the key to our point of view (rc14, Utils/process-message.js).
    const targetSender = reaction.key.fromMe
      ? ('me' as const)
      : (reaction.key.participant && identities.jidsOf(reaction.key.participant)) || chat
    return {
      kind: 'reaction',
      target: { chat, sender: targetSender, messageId: reaction.key.id },
      by: sender,
      emoji: toEmoji(reaction.text),
      at: toPast(reaction.senderTimestampMs, at),
    }
  }
  if (content?.pinInChatMessage) return toPin(message, content, { chat, sender, at }, identities)
  return toAnswer(message, content, chat, identities) ?? toMessageFact(message, identities, false)
}

function toAnswer(
  message: WAMessage,
  content: proto.IMessage | undefined,
  chat: Jids,
  identities: Identities,
): Fact | undefined {
  const { pollUpdateMessage: update, encEventResponseMessage: response } = content ?? {}
  const key = update?.pollCreationMessageKey ?? response?.eventCreationMessageKey
  const envelope = update?.vote ?? response
  if (!key?.id || !envelope?.encPayload || !envelope.encIv) return undefined
  const by = senderOf(message, chat, identities)
  const author = authorOf(key, by, chat, Boolean(update) || by === 'me', identities)
  const formsOf = (who: 'me' | Jids) => (who === 'me' ? identities.mine() : who)
  return {
    kind: 'answer',
    target: { chat, sender: author, messageId: key.id },
    by,
    sealed: {
      kind: update ? 'vote' : 'response',
      payload: envelope.encPayload,
      iv: envelope.encIv,
      messageId: key.id,
      authors: formsOf(author),
      answerers: formsOf(by),
    },
    at: toPast(update?.senderTimestampMs, toInstant(message.messageTimestamp)),
  }
}

/**
 * `fromMe` of a key means whoever wrote the stanza. rc14 turns it to our side for votes, not for answers to events
 * (Utils/process-message.js, cleanMessage); what our own devices wrote is on our side already.
 */
function authorOf(key: proto.IMessageKey, by: 'me' | Jids, chat: Jids, isTurned: boolean, identities: Identities) {
  const named = key.participant ? identities.jidsOf(key.participant) : undefined
  if (named) return identities.isMe(named[0]) ? 'me' : named
  if (isTurned) return key.fromMe ? 'me' : chat
  return key.fromMe ? by : 'me'
}

/** WhatsApp's apps pin for a week unless told. */
const pinnedSeconds = 604_800
const longestPinSeconds = 2_592_000

function toPin(
  message: WAMessage,
  content: proto.IMessage,
  { chat, sender, at }: { chat: Jids; sender: 'me' | Jids; at: Date },
  identities: Identities,
): Fact | undefined {
  const { key, type, senderTimestampMs } = content.pinInChatMessage ?? {}
  if (!key?.id) return undefined
  // The key is written from the point of view of whoever pins; rc14 turns only those of reactions (Utils/process-message.js).
  const isOurs =
    key.participant && identities.isMe(key.participant)
      ? true
      : message.key.fromMe
        ? key.fromMe
        : chat[0].endsWith('@g.us')
          ? false
          : !key.fromMe
  const author =
    (key.participant && identities.jidsOf(key.participant)) || (key.fromMe && sender !== 'me' ? sender : chat)
  const given = message.message?.messageContextInfo?.messageAddOnDurationInSecs ?? pinnedSeconds
  const pinnedAt = new Date(Math.min(toPast(senderTimestampMs, at).getTime(), Date.now()))
  const seconds = Math.min(given || pinnedSeconds, longestPinSeconds)
  return {
    kind: 'account',
    what: {
      change: 'pin',
      target: { chat, sender: isOurs ? 'me' : author, messageId: key.id },
      by: sender,
      at: pinnedAt,
      until:
        type === proto.Message.PinInChatMessage.Type.UNPIN_FOR_ALL
          ? null
          : new Date(pinnedAt.getTime() + seconds * 1_000),
    },
  }
}

/** What has to be stored before a stanza of this account's own protocol traffic is done. */
export function protocolConsequence(message: WAMessage): { history: string } | 'key-share' | undefined {
  const protocol = normalizeMessageContent(message.message)?.protocolMessage
  if (!message.key.fromMe || !protocol) return undefined
  const notification = protocol.historySyncNotification
  if (protocol.type === ProtocolType.HISTORY_SYNC_NOTIFICATION && notification)
    return { history: historyChunkKey(notification.syncType, notification.chunkOrder) }
  if (protocol.type === ProtocolType.APP_STATE_SYNC_KEY_SHARE && protocol.appStateSyncKeyShare?.keys?.length)
    return 'key-share'
  return undefined
}

export function historyChunkKey(syncType: number | null | undefined, chunkOrder: number | null | undefined): string {
  return `${syncType ?? 0}/${chunkOrder ?? 0}`
}
