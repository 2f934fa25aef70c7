// What a WhatsApp message says, in our words. What we do not know yet arrives as `unknown` with its kind named.
import { getContentType, normalizeMessageContent, proto, type WAMessage } from '@whiskeysockets/baileys'
import { toBareJid } from '../../shared/model/jid.ts'
import type { Location, Poll } from '../../shared/model/content.ts'
import { toContactCard } from '../../shared/model/vcard.ts'
import type { MessageContent } from './facts.ts'

type Content = proto.IMessage

/** Parts of a message that carry no content of their own. */
const carriers = new Set([
  'senderKeyDistributionMessage',
  'messageContextInfo',
  'fastRatchetKeySenderKeyDistributionMessage',
])

/** More than anybody looks at: a stranger may send any number. */
const maxCards = 500
const maxOptions = 100
const longestWords = 1_000

/** `undefined` for stanzas that are no message to anybody: key distributions, empty carriers. */
export function parseContent(message: Content | null | undefined): MessageContent | undefined {
  const content = normalizeMessageContent(message ?? undefined)
  if (!content) return undefined
  const type =
    getContentType(content) ??
    Object.keys(content).find((key) => !carriers.has(key) && content[key as keyof Content] != null)
  if (!type || carriers.has(type)) return undefined
  const raw = proto.Message.encode(content).finish()
  if (type === 'conversation') return { type: 'text', text: content.conversation ?? '', raw }
  if (type === 'extendedTextMessage') {
    const extended = content.extendedTextMessage
    return { type: 'text', text: extended?.text ?? '', ...contextOf(extended?.contextInfo), raw }
  }
  const known = toKnown(content)
  if (known) return { ...known, raw }
  const part = content[type as keyof Content] as
    | { caption?: string | null; contextInfo?: proto.IContextInfo | null }
    | undefined
  const caption = typeof part?.caption === 'string' && part.caption !== '' ? { text: part.caption } : {}
  return { type: 'unknown', kind: type, ...caption, ...contextOf(part?.contextInfo), raw }
}

/** Types that have a form of their own. */
function toKnown(content: Content): Omit<MessageContent, 'raw'> | undefined {
  const { locationMessage, liveLocationMessage, contactMessage, contactsArrayMessage } = content
  const place = locationMessage ?? liveLocationMessage
  if (place) {
    const isLive = liveLocationMessage !== undefined && liveLocationMessage !== null
    return {
      type: 'location',
      location: { ...toLocation(place), ...(isLive ? { isLive } : {}) },
      ...contextOf(place.contextInfo),
    }
  }
  const cards = contactsArrayMessage?.contacts ?? (contactMessage ? [contactMessage] : undefined)
  if (cards) {
    const contacts = cards.slice(0, maxCards).map(({ displayName, vcard }) => toContactCard(displayName, vcard ?? ''))
    return { type: 'contacts', contacts, ...contextOf((contactsArrayMessage ?? contactMessage)?.contextInfo) }
  }
  const poll = content.pollCreationMessage ?? content.pollCreationMessageV2 ?? content.pollCreationMessageV3
  if (poll) return { type: 'poll', poll: toPoll(poll), ...contextOf(poll.contextInfo) }
  return undefined
}

function toLocation(place: proto.Message.ILocationMessage | proto.Message.ILiveLocationMessage): Location {
  const { degreesLatitude, degreesLongitude } = place
  const words = 'name' in place ? place : undefined
  return {
    latitude: degreesLatitude ?? 0,
    longitude: degreesLongitude ?? 0,
    ...(words?.name ? { name: words.name.slice(0, longestWords) } : {}),
    ...(words?.address ? { address: words.address.slice(0, longestWords) } : {}),
    ...(words?.url ? { url: words.url.slice(0, longestWords) } : {}),
  }
}

function toPoll(poll: proto.Message.IPollCreationMessage): Poll {
  return {
    question: (poll.name ?? '').slice(0, longestWords),
    options: (poll.options ?? [])
      .slice(0, maxOptions)
      .map(({ optionName }) => (optionName ?? '').slice(0, longestWords)),
    selectable: poll.selectableOptionsCount ?? 0,
  }
}

function contextOf(
  context: proto.IContextInfo | null | undefined,
): Pick<MessageContent, 'mentions' | 'quotedMessageId'> {
  return {
    ...(context?.mentionedJid?.length ? { mentions: context.mentionedJid.map(toBareJid) } : {}),
    ...(context?.stanzaId ? { quotedMessageId: context.stanzaId } : {}),
  }
}

/** Text of an edit, wherever the client put it. */
export function editedText(edited: Content | null | undefined): string | undefined {
  const content = normalizeMessageContent(edited ?? undefined)
  return (
    content?.conversation ??
    content?.extendedTextMessage?.text ??
    content?.imageMessage?.caption ??
    content?.videoMessage?.caption ??
    undefined
  )
}

/** Seconds as number, Long or text → Date. */
export function toInstant(seconds: WAMessage['messageTimestamp']): Date {
  const value = Number(seconds ?? 0)
  return new Date(Number.isFinite(value) && value > 0 ? value * 1000 : Date.now())
}
