// What is to be sent, in Baileys' words.
import { proto, type AnyMessageContent, type WAUrlInfo } from '@whiskeysockets/baileys'
import type { PicturedPreview, PlainContent } from '../../shared/model/content.ts'
import type { LocationGiven } from '../../shared/model/content-parts.ts'
import { toVcard } from '../../shared/model/vcard.ts'

/** `secretOf`: the same for the same message each time, for answers are sealed with it. */
export function toBaileys(
  content: PlainContent,
  messageId: string,
  secretOf: (kind: 'poll' | 'event', messageId: string) => Uint8Array,
): AnyMessageContent {
  switch (content.type) {
    case 'text':
      // linkPreview: null, or a user's text would make Baileys fetch the address in it (rc14, Utils/messages.js).
      return {
        text: content.text,
        linkPreview: content.linkPreview && content.linkPreview !== true ? toUrlInfo(content.linkPreview) : null,
        ...(content.mentions ? { mentions: content.mentions } : {}),
      }
    case 'location': {
      return { location: toBaileysPlace(content.location) }
    }
    case 'contacts': {
      const contacts = content.contacts.map((one) => ({ displayName: one.name, vcard: toVcard(one) }))
      return { contacts: { displayName: contacts.map((one) => one.displayName).join(', '), contacts } }
    }
    case 'event': {
      const { name, description, startAt, endAt, location, extraGuestsAllowed } = content.event
      const event = {
        name,
        startDate: new Date(startAt),
        messageSecret: secretOf('event', messageId),
        ...(description === undefined ? {} : { description }),
        ...(endAt === undefined ? {} : { endDate: new Date(endAt) }),
        ...(location ? { location: toBaileysPlace(location) } : {}),
        ...(extraGuestsAllowed === undefined ? {} : { extraGuestsAllowed }),
      }
      return { event }
    }
    case 'poll': {
      const { question, options, selectable } = content.poll
      const poll = { name: question, values: options, selectableCount: selectable }
      return { poll: { ...poll, messageSecret: secretOf('poll', messageId) } }
    }
  }
}

const toBaileysPlace = ({ latitude, longitude, ...words }: LocationGiven) => ({
  degreesLatitude: latitude,
  degreesLongitude: longitude,
  ...words,
})

const toUrlInfo = ({ url, title, description, picture }: PicturedPreview): WAUrlInfo => ({
  'canonical-url': url,
  'matched-text': url,
  title,
  ...(description === undefined ? {} : { description }),
  ...(picture ? { jpegThumbnail: Buffer.from(picture) } : {}),
})

/** A message as it stands, marked as sent on. `isOwn`: WhatsApp's apps do not count what its author sends on. */
export function toForwarded(original: Uint8Array | string, isOwn: boolean): proto.IMessage {
  const decoded: proto.IMessage =
    typeof original === 'string' ? { conversation: original } : proto.Message.decode(original)
  const { messageContextInfo: _secret, conversation, ...rest } = decoded
  const content: proto.IMessage = conversation ? { extendedTextMessage: { text: conversation } } : { ...rest }
  for (const part of Object.values(content) as ({ contextInfo?: proto.IContextInfo } | null)[]) {
    if (part === null || typeof part !== 'object') continue
    const score = (part.contextInfo?.forwardingScore ?? 0) + (isOwn ? 0 : 1)
    part.contextInfo = score > 0 ? { isForwarded: true, forwardingScore: score } : {}
  }
  return content
}
