// Between a message's protobuf and the few words in which the door speaks of it.
import { randomBytes } from 'node:crypto'
import { proto } from '@whiskeysockets/baileys'
import { buildMedia, describeMedia, type MediaWish } from '../media/media-content.ts'
import type { Card, Context, Details, MessageKind, PlannedEvent, Place, Poll } from '../records.ts'
import { unixSeconds } from '../server/nodes.ts'

export type Wish =
  | { kind: 'text'; text: string; mentions?: string[]; quoted?: { messageId: string; author: string; content: Buffer } }
  | MediaWish
  | { kind: 'location'; location: Place }
  | { kind: 'contacts'; contacts: Card[] }
  | { kind: 'poll'; poll: Poll }
  | { kind: 'event'; event: PlannedEvent }
  /** Sealed already, or anything at all. */
  | { kind: 'vote' | 'response' | 'other'; message: proto.IMessage }
  | { kind: 'reaction'; emoji: string; target: proto.IMessageKey }
  | { kind: 'edit'; text: string; target: proto.IMessageKey }
  | { kind: 'revoke'; target: proto.IMessageKey }
  | { kind: 'pin'; target: proto.IMessageKey; seconds: number }

export type Description = {
  kind: MessageKind
  text: string
  details?: Details
  context?: Context
  targetId?: string
  quotedMessageId?: string
}

const { Type } = proto.Message.ProtocolMessage

export const buildMessage = (wish: Wish): proto.IMessage => {
  switch (wish.kind) {
    case 'text': {
      const { quoted, mentions } = wish
      if (mentions) return { extendedTextMessage: { text: wish.text, contextInfo: { mentionedJid: mentions } } }
      if (!quoted) return { conversation: wish.text }
      const contextInfo = {
        stanzaId: quoted.messageId,
        participant: quoted.author,
        quotedMessage: proto.Message.decode(quoted.content),
      }
      return { extendedTextMessage: { text: wish.text, contextInfo } }
    }
    case 'media':
      return buildMedia(wish)
    case 'location': {
      const { latitude, longitude, name, address } = wish.location
      return { locationMessage: { degreesLatitude: latitude, degreesLongitude: longitude, name, address } }
    }
    case 'contacts': {
      const cards = wish.contacts.map(({ name, vcard }) => ({ displayName: name, vcard }))
      const [only] = cards
      if (only && cards.length === 1) return { contactMessage: only }
      return { contactsArrayMessage: { displayName: `${cards.length} contacts`, contacts: cards } }
    }
    case 'poll': {
      const { question, options, selectable } = wish.poll
      const poll = {
        name: question,
        options: options.map((optionName) => ({ optionName })),
        selectableOptionsCount: selectable,
      }
      const messageContextInfo = { messageSecret: randomBytes(32) }
      return selectable === 1
        ? { messageContextInfo, pollCreationMessageV3: poll }
        : { messageContextInfo, pollCreationMessage: poll }
    }
    case 'event': {
      const { name, startAt, endAt, description } = wish.event
      const eventMessage = {
        name,
        description,
        startTime: unixSeconds(Date.parse(startAt)),
        ...(endAt === undefined ? {} : { endTime: unixSeconds(Date.parse(endAt)) }),
      }
      return { messageContextInfo: { messageSecret: randomBytes(32) }, eventMessage }
    }
    case 'vote':
    case 'response':
    case 'other':
      return wish.message
    case 'reaction':
      return { reactionMessage: { key: wish.target, text: wish.emoji, senderTimestampMs: Date.now() } }
    case 'edit':
      return {
        protocolMessage: {
          key: wish.target,
          type: Type.MESSAGE_EDIT,
          editedMessage: { conversation: wish.text },
          timestampMs: Date.now(),
        },
      }
    case 'pin': {
      const { PIN_FOR_ALL, UNPIN_FOR_ALL } = proto.Message.PinInChatMessage.Type
      const type = wish.seconds > 0 ? PIN_FOR_ALL : UNPIN_FOR_ALL
      return {
        messageContextInfo: { messageAddOnDurationInSecs: wish.seconds },
        pinInChatMessage: { key: wish.target, type, senderTimestampMs: Date.now() },
      }
    }
    case 'revoke':
      return { protocolMessage: { key: wish.target, type: Type.REVOKE } }
  }
}

/** The `type` and `edit` attributes that a stanza with such a message carries. */
export const stanzaAttributes = (kind: MessageKind): { type: string; edit?: string } => {
  if (kind === 'reaction') return { type: 'reaction' }
  if (kind === 'edit') return { type: 'text', edit: '1' }
  if (kind === 'revoke') return { type: 'text', edit: '7' }
  if (kind === 'pin') return { type: 'text', edit: '2' }
  if (kind === 'poll' || kind === 'vote') return { type: 'poll' }
  if (kind === 'event' || kind === 'response') return { type: 'event' }
  if (kind === 'text' || kind === 'other') return { type: 'text' }
  return { type: 'media' }
}

const textOf = (message: proto.IMessage | null | undefined): string =>
  message?.conversation ??
  message?.extendedTextMessage?.text ??
  message?.imageMessage?.caption ??
  message?.videoMessage?.caption ??
  message?.documentMessage?.caption ??
  ''

const unwrap = (message: proto.IMessage): proto.IMessage =>
  message.ephemeralMessage?.message ??
  message.viewOnceMessage?.message ??
  message.viewOnceMessageV2?.message ??
  message.documentWithCaptionMessage?.message ??
  message.editedMessage?.message ??
  message

const detailsOf = (message: proto.IMessage): { kind: MessageKind; details: Details } | undefined => {
  const { locationMessage: place, contactMessage, contactsArrayMessage } = message
  if (place) {
    const { degreesLatitude: latitude, degreesLongitude: longitude, name, address } = place
    const location = {
      latitude: latitude ?? 0,
      longitude: longitude ?? 0,
      name: name ?? undefined,
      address: address ?? undefined,
    }
    return { kind: 'location', details: { location } }
  }
  const cards = contactsArrayMessage?.contacts ?? (contactMessage ? [contactMessage] : undefined)
  if (cards) {
    const contacts = cards.map(({ displayName, vcard }) => ({ name: displayName ?? '', vcard: vcard ?? '' }))
    return { kind: 'contacts', details: { contacts } }
  }
  const { eventMessage: event } = message
  if (event) {
    const at = (seconds: typeof event.startTime) => new Date(Number(seconds ?? 0) * 1000).toISOString()
    const { name, description, startTime, endTime } = event
    const details: PlannedEvent = { name: name ?? '', startAt: at(startTime) }
    if (description) details.description = description
    if (endTime) details.endAt = at(endTime)
    return { kind: 'event', details: { event: details } }
  }
  const poll = message.pollCreationMessage ?? message.pollCreationMessageV3
  if (!poll) return undefined
  const options = (poll.options ?? []).map(({ optionName }) => optionName ?? '')
  return {
    kind: 'poll',
    details: { poll: { question: poll.name ?? '', options, selectable: poll.selectableOptionsCount ?? 0 } },
  }
}

export const describeMessage = (wrapped: proto.IMessage): Description => {
  const message = unwrap(wrapped)
  const { reactionMessage: reaction, protocolMessage: protocol } = message
  if (reaction) return { kind: 'reaction', text: reaction.text ?? '', ...target(reaction.key) }
  if (protocol?.type === Type.MESSAGE_EDIT) {
    return { kind: 'edit', text: textOf(protocol.editedMessage), ...target(protocol.key) }
  }
  if (protocol?.type === Type.REVOKE && protocol.key) return { kind: 'revoke', text: '', ...target(protocol.key) }
  if (message.pollUpdateMessage)
    return { kind: 'vote', text: '', ...target(message.pollUpdateMessage.pollCreationMessageKey) }
  if (message.encEventResponseMessage)
    return { kind: 'response', text: '', ...target(message.encEventResponseMessage.eventCreationMessageKey) }
  const context = contextOf(message)
  const media = describeMedia(message, wrapped)
  if (media) return { ...media, ...context }
  const { pinInChatMessage: pin } = message
  if (pin) {
    const isOn = pin.type === proto.Message.PinInChatMessage.Type.PIN_FOR_ALL
    return { kind: 'pin', text: isOn ? 'pinned' : 'unpinned', ...target(pin.key) }
  }
  const details = detailsOf(message)
  if (details) return { text: '', ...details, ...context }
  const text = textOf(message)
  const isText = message.conversation != null || message.extendedTextMessage != null
  return { kind: isText ? 'text' : 'other', text, ...context }
}

/** What stands beside the content: where it came from, how long it stays, whom it names, what it previews. */
const contextOf = (message: proto.IMessage): { context?: Context; quotedMessageId?: string } => {
  const parts = Object.values(message) as ({ contextInfo?: proto.IContextInfo | null } | null)[]
  const info = parts.find((part) => part !== null && typeof part === 'object' && part.contextInfo)?.contextInfo
  const quoted = info?.stanzaId ? { quotedMessageId: info.stanzaId } : {}
  const { title, matchedText, description, jpegThumbnail } = message.extendedTextMessage ?? {}
  const context: Context = {}
  if (info?.isForwarded) context.forwardingScore = info.forwardingScore ?? 0
  if (info?.expiration) context.ephemeralSeconds = info.expiration
  if (info?.mentionedJid?.length) context.mentions = info.mentionedJid
  if (title && matchedText) {
    context.preview = { title, url: matchedText }
    if (description) context.preview.description = description
    if (jpegThumbnail?.length) context.preview.thumbnailBytes = jpegThumbnail.length
  }
  if (info?.quotedMessage) context.quotedKind = describeMessage(info.quotedMessage).kind
  return Object.keys(context).length === 0 ? quoted : { ...quoted, context }
}

const target = (key: proto.IMessageKey | null | undefined): { targetId?: string } =>
  key?.id ? { targetId: key.id } : {}
