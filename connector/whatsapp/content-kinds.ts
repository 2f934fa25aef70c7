// The kinds of content that have a form of their own here. What a stranger sends is cut to what anybody looks at.
import { proto } from '@whiskeysockets/baileys'
import type { CallLog, LinkPreview } from '../../shared/model/content.ts'
import type { Location } from '../../shared/model/content-parts.ts'
import type { PlannedEvent } from '../../shared/model/planned-event.ts'
import type { Poll } from '../../shared/model/poll.ts'
import { toContactCard } from '../../shared/model/vcard.ts'
import { toBareJid } from '../../shared/model/jid.ts'
import type { MessageContent } from './facts.ts'

type Content = proto.IMessage

const maxCards = 500
const maxOptions = 100
const maxMentions = 1_024
const longestWords = 1_000
const longestDescription = 4_000

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
    const contacts = cards.slice(0, maxCards).map(({ displayName, vcard }) => toContactCard(displayName, vcard ?? ''))
    return { type: 'contacts', contacts, ...contextOf((contactsArrayMessage ?? contactMessage)?.contextInfo) }
  }
  const poll = content.pollCreationMessage ?? content.pollCreationMessageV2 ?? content.pollCreationMessageV3
  if (poll) return { type: 'poll', poll: toPoll(poll), ...contextOf(poll.contextInfo) }
  const { eventMessage: event, callLogMesssage: call } = content
  if (event) return { type: 'event', event: toEvent(event), ...contextOf(event.contextInfo) }
  if (call) return { type: 'call', call: toCallLog(call) }
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

/** Seconds since 1970 as WhatsApp gives them; 0 and what is no time are none. */
function toTime(seconds: number | { toString(): string } | null | undefined): Date | undefined {
  const value = Number(seconds ?? 0)
  const at = new Date(value * 1000)
  return value > 0 && Number.isFinite(at.getTime()) ? at : undefined
}

function toEvent(event: proto.Message.IEventMessage): PlannedEvent {
  const endAt = toTime(event.endTime)
  return {
    name: (event.name ?? '').slice(0, longestWords),
    startAt: toTime(event.startTime) ?? new Date(0),
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
  const seconds = Number(call.durationSecs ?? 0)
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
  return {
    ...(context?.mentionedJid?.length ? { mentions: context.mentionedJid.slice(0, maxMentions).map(toBareJid) } : {}),
    ...(context?.stanzaId ? { quotedMessageId: context.stanzaId } : {}),
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
