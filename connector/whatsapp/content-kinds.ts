// The kinds of content that have a form of their own here. What a stranger sends is cut to what anybody looks at.
import { proto } from '@whiskeysockets/baileys'
import type { CallLog, LinkPreview } from '../../shared/model/content.ts'
import type { Location } from '../../shared/model/content-parts.ts'
import type { PlannedEvent } from '../../shared/model/planned-event.ts'
import type { Poll } from '../../shared/model/poll.ts'
import { toContactCard } from '../../shared/model/vcard.ts'
import { parseJid, toBareJid } from '../../shared/model/jid.ts'
import { isMessageId, toPlain, toTime } from './bounds.ts'
import type { MessageContent } from './facts.ts'

type Content = proto.IMessage

const maxCards = 500
/** Of each card, characters; of all together. */
const longestCard = 100_000
const longestCards = 500_000
/** WhatsApp's apps take 12 of 100 characters. Each vote repeats those that it is for. */
export const maxOptions = 32
export const longestOption = 150
const maxMentions = 1_024
const longestWords = 1_000
const longestDescription = 4_000
const longestCallSeconds = 86_400 * 7

/** `undefined`: none of them. */
export function toKnown(content: Content): Omit<MessageContent, 'raw'> | undefined {
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
    return {
      type: 'contacts',
      contacts: toCards(cards),
      ...contextOf((contactsArrayMessage ?? contactMessage)?.contextInfo),
    }
  }
  const poll = content.pollCreationMessage ?? content.pollCreationMessageV2 ?? content.pollCreationMessageV3
  if (poll) return { type: 'poll', poll: toPoll(poll), ...contextOf(poll.contextInfo) }
  const { eventMessage: event, callLogMesssage: call } = content
  if (event) return { type: 'event', event: toEvent(event), ...contextOf(event.contextInfo) }
  if (call) return { type: 'call', call: toCallLog(call) }
  return undefined
}

function toCards(cards: readonly proto.Message.IContactMessage[]) {
  let left = longestCards
  return cards.slice(0, maxCards).map(({ displayName, vcard }) => {
    const kept = (vcard ?? '').slice(0, Math.min(longestCard, left))
    left -= kept.length
    return toContactCard(toPlain(displayName, longestWords), kept)
  })
}

/** What is nowhere is the place 0, 0. */
const toDegrees = (value: number | null | undefined, most: number) =>
  typeof value === 'number' && Math.abs(value) <= most ? value : 0

function toLocation(place: proto.Message.ILocationMessage | proto.Message.ILiveLocationMessage): Location {
  const { degreesLatitude, degreesLongitude } = place
  const words = 'name' in place ? place : undefined
  return {
    latitude: toDegrees(degreesLatitude, 90),
    longitude: toDegrees(degreesLongitude, 180),
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
      .map(({ optionName }) => (optionName ?? '').slice(0, longestOption)),
    selectable: poll.selectableOptionsCount ?? 0,
  }
}

function toEvent(event: proto.Message.IEventMessage): PlannedEvent {
  const endAt = toTime(Number(event.endTime ?? 0) * 1_000)
  return {
    name: (event.name ?? '').slice(0, longestWords),
    startAt: toTime(Number(event.startTime ?? 0) * 1_000) ?? new Date(0),
    ...(endAt ? { endAt } : {}),
    ...(event.description ? { description: event.description.slice(0, longestDescription) } : {}),
    ...(event.location ? { location: toLocation(event.location) } : {}),
    ...(event.joinLink ? { joinLink: event.joinLink.slice(0, longestWords) } : {}),
    ...(event.isCanceled ? { isCancelled: true } : {}),
    ...(event.extraGuestsAllowed ? { extraGuestsAllowed: true } : {}),
  }
}

function toCallLog(call: proto.Message.ICallLogMessage): CallLog {
  const outcome = proto.Message.CallLogMessage.CallOutcome[call.callOutcome ?? -1] ?? 'UNKNOWN'
  const given = Number(call.durationSecs ?? 0)
  const seconds = given <= longestCallSeconds ? given : 0
  return { isVideo: call.isVideo === true, outcome: outcome.toLowerCase(), ...(seconds > 0 ? { seconds } : {}) }
}

/** Of a text the page that its sender's app showed with it. */
export function toLinkPreview(text: proto.Message.IExtendedTextMessage): { linkPreview: LinkPreview } | undefined {
  const { matchedText, title, description } = text
  if (!matchedText || !title) return undefined
  return {
    linkPreview: {
      url: matchedText.slice(0, 2 * longestWords),
      title: title.slice(0, longestWords),
      ...(description ? { description: description.slice(0, longestDescription) } : {}),
    },
  }
}

/** What stands beside any kind of content: whom it names, what it answers, where it came from, how long it stays. */
export function contextOf(context: proto.IContextInfo | null | undefined): Partial<MessageContent> {
  const score = context?.forwardingScore ?? 0
  const named = (context?.mentionedJid ?? []).slice(0, maxMentions).filter((jid) => parseJid(jid) !== undefined)
  const mentions = named.map(toBareJid)
  return {
    ...(mentions.length > 0 ? { mentions } : {}),
    ...(isMessageId(context?.stanzaId) ? { quotedMessageId: context.stanzaId } : {}),
    ...(context?.isForwarded ? { isForwarded: true, ...(score > 0 ? { forwardingScore: score } : {}) } : {}),
    ...(context?.expiration ? { ephemeralSeconds: context.expiration } : {}),
  }
}

/** It may be looked at once only; said by a wrapper, or by the picture itself. */
export function isViewOnce(message: Content): boolean {
  for (let inner: Content | null | undefined = message, depth = 0; inner && depth < 5; depth += 1) {
    const wrapper = inner.viewOnceMessage ?? inner.viewOnceMessageV2 ?? inner.viewOnceMessageV2Extension
    const part = inner.imageMessage ?? inner.videoMessage ?? inner.audioMessage
    if (wrapper || part?.viewOnce) return true
    inner = inner.ephemeralMessage?.message
  }
  return false
}
