// What a message says, by type: what people give to be sent, and what WhatsApp brings, in one form.
import * as v from 'valibot'
import { Words, type Location, type LocationGiven } from './content-parts.ts'
import { toPlannedEvent, type PlannedEvent, type PlannedEventGiven } from './planned-event.ts'
import type { Poll, PollGiven } from './poll.ts'
import type { MediaFacts, MediaKind, MessageMedia } from './media.ts'
import { toContactCard, toVcard } from './vcard.ts'

/** One card of a contacts message; `vcard` is the whole of it (RFC 2426), `phones` as digits where the card has them. */
export type ContactCard = { name: string; phones: string[]; vcard: string }

const Phone = v.pipe(
  v.string(),
  v.regex(/^\+?[\d\s().-]{5,30}$/, 'must be a phone number'),
  v.transform((text) => text.replace(/\D/g, '')),
)

/** Cards are made by us from these, so that no given text becomes a line of a vCard. */
export const ContactGiven = v.strictObject({
  name: Words(200),
  phones: v.pipe(v.array(Phone), v.minLength(1, 'must have at least one'), v.maxLength(20, 'must have at most 20')),
  organization: v.optional(Words(200)),
})
export type ContactGiven = v.InferOutput<typeof ContactGiven>

/** A file of ours to be sent: stored here, or to be fetched from an address first. */
export type OutMedia = {
  type: MediaKind
  media: ({ fileId: string } & MediaFacts) | { url: string; fileName?: string }
  caption?: string
  gif?: true
  videoNote?: true
  viewOnce?: true
}

/** What a command carries to be sent. */
export type OutContent =
  | { type: 'text'; text: string; mentions?: string[]; linkPreview?: PicturedPreview | true }
  | { type: 'location'; location: LocationGiven }
  | { type: 'contacts'; contacts: ContactGiven[] }
  | { type: 'poll'; poll: PollGiven }
  | { type: 'event'; event: PlannedEventGiven }
  /** A message of this session, as it stands, sent on. `shown`: how it looked when it was asked for. */
  | { type: 'forward'; source: { chatId: string; sender: string; messageId: string }; shown: ShownContent }
  | OutMedia

/** What is made of the words that were given, and of nothing else. */
export type PlainContent = Exclude<OutContent, OutMedia | { type: 'forward' }>

/** What a message has of its content, whoever wrote it. */
export type ShownContent = {
  type: string
  text?: string
  mentions?: string[]
  location?: Location
  contacts?: ContactCard[]
  poll?: Poll
  event?: PlannedEvent
  media?: MessageMedia
  call?: CallLog
  /** What the sender shows of the page behind an address in the text. */
  linkPreview?: LinkPreview
  /** It can be looked at once, on a phone. */
  viewOnce?: boolean
  /** Phones let it disappear after so long, seconds. */
  ephemeralSeconds?: number
  isForwarded?: boolean
  /** How often it was sent on before; WhatsApp shows 5 and more as "many times". */
  forwardingScore?: number
  system?: SystemNote
}

/** Everything of it but its type: what a list picks, and what a revoke takes away. */
export const contentFields = [
  'text',
  'mentions',
  'location',
  'contacts',
  'poll',
  'event',
  'media',
  'call',
  'linkPreview',
  'viewOnce',
  'ephemeralSeconds',
  'isForwarded',
  'forwardingScore',
  'system',
] as const satisfies readonly Exclude<keyof ShownContent, 'type'>[]

/** What the phone notes of a call in its chat. */
export type CallLog = { isVideo: boolean; outcome: string; seconds?: number }

export type LinkPreview = { url: string; title: string; description?: string }
/** As it goes out. `picture`: a small JPEG of the page; not shown by us. */
export type PicturedPreview = LinkPreview & { picture?: Uint8Array }

/** What a `system` line is about: whom, by whom (jids, or `me`), and the new value where there is one. */
export type SystemNote = { by?: string; people?: string[]; value?: string }

/** What we send, as it will be shown. */
export function toShown(content: OutContent): ShownContent {
  switch (content.type) {
    case 'text': {
      // Which page it is turns out on its way.
      const { linkPreview, ...said } = content
      return linkPreview === undefined || linkPreview === true ? said : { ...said, linkPreview }
    }
    case 'location':
    case 'poll':
      return content
    case 'event':
      return { type: 'event', event: toPlannedEvent(content.event) }
    case 'forward':
      return content.shown
    case 'contacts':
      return { type: 'contacts', contacts: content.contacts.map((one) => toContactCard(one.name, toVcard(one))) }
    case 'image':
    case 'video':
    case 'audio':
    case 'voice':
    case 'document':
    case 'sticker':
      return toShownMedia(content)
  }
}

function toShownMedia({ type, media, caption, gif, videoNote, viewOnce }: OutMedia): ShownContent {
  const { url, ...facts } = { url: undefined, ...media }
  const flags = { ...(gif ? { isGif: gif } : {}), ...(videoNote ? { isVideoNote: videoNote } : {}) }
  const state = url === undefined ? ('stored' as const) : ('remote' as const)
  return {
    type,
    ...(caption === undefined ? {} : { text: caption }),
    media: { kind: type, state, ...facts, ...flags },
    ...(viewOnce ? { viewOnce } : {}),
  }
}

/** One line for lists: of what has no text, what names it. */
export function toPreview({ text, location, contacts, poll, event, media }: ShownContent): string | undefined {
  return (
    text ??
    location?.name ??
    location?.address ??
    poll?.question ??
    event?.name ??
    media?.fileName ??
    contacts?.map(({ name }) => name).join(', ')
  )
}
