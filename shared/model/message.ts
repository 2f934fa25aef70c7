// One message in one chat, with its life. Statuses only ever go forward.
import * as v from 'valibot'
import type { Post } from './channel.ts'
import { ContactGiven, contentFields, type ShownContent } from './content.ts'
import { LocationGiven, Words } from './content-parts.ts'
import { EventAnswer, PlannedEventGiven, type EventResponse } from './planned-event.ts'
import { toMediaView } from './media.ts'
import { sendMediaForms } from './send-media.ts'
import { countReceipts, type Receipts } from './receipts.ts'
import { PollGiven, toTally, type Vote } from './poll.ts'

/** In the order of a message's life; `failed` stands outside and ends it. */
export const messageStatuses = ['queued', 'sent', 'delivered', 'read', 'played'] as const
export type MessageStatus = (typeof messageStatuses)[number] | 'failed'

/** True when `next` is later in life than `current`. A message that was sent after all leaves `failed`. */
export function isLaterStatus(current: MessageStatus, next: MessageStatus): boolean {
  if (current === 'failed') return next !== 'failed' && next !== 'queued'
  if (next === 'failed') return current === 'queued'
  return messageStatuses.indexOf(next) > messageStatuses.indexOf(current)
}

export type Reaction = { sender: string; emoji: string; at: Date }

/** The document in `messages`. `_id` = `sessionId/chatId/sender/messageId`; `sender` is `me` or a bare jid. */
export type Message = ShownContent & {
  _id: string
  sessionId: string
  chatId: string
  messageId: string
  sender: string
  fromMe: boolean
  pushName?: string
  /** For `unknown`: WhatsApp's own name of what it is. */
  kind?: string
  quotedMessageId?: string
  /** When WhatsApp says it was sent, to the second; our own: when it was accepted. */
  timestamp: Date
  status?: MessageStatus
  statusTimes: Partial<Record<MessageStatus, Date>>
  error?: { code: string; reason: string }
  reactions: Reaction[]
  /** Of our own in groups, person by person; see `receipts.ts`. */
  receipts?: Receipts
  /** Of a poll. */
  votes?: Vote[]
  /** To an event. */
  responses?: EventResponse[]
  editedAt?: Date
  revokedAt?: Date
  /** Marked with a star, for this account only. */
  starred?: boolean
  /** The last word on whether it is pinned in its chat, and until when. */
  pin?: { by: string; at: Date; until: Date | null }
  /** Ids of labels, in no order. */
  labels?: string[]
  /** Of a post in a channel. */
  post?: Post
  /** From a history sync; no `message.received` was written for it. */
  historical?: boolean
  /** The protobuf `Message` as WhatsApp knows it, for quotes and retries. */
  raw?: Uint8Array
  commandId?: string
  /** A small JPEG of the page that `linkPreview` is about; not shown. */
  previewPicture?: Uint8Array
  /** Its words, folded; what a search looks for. */
  tokens?: string[]
  createdAt: Date
}

export function toMessageKey(sessionId: string, chatId: string, sender: string, messageId: string): string {
  return `${sessionId}/${chatId}/${sender}/${messageId}`
}

/** The parts of a key; only a message's id may hold a slash. */
export function parseMessageKey(key: string): { sessionId: string; chatId: string; sender: string; messageId: string } {
  const [sessionId = '', chatId = '', sender = '', ...id] = key.split('/')
  return { sessionId, chatId, sender, messageId: id.join('/') }
}

/** What the API and the feed show of a message. */
export function toMessageView(message: Message) {
  const { poll, votes = [] } = message
  return {
    ...pickContent(message),
    messageId: message.messageId,
    sessionId: message.sessionId,
    chatId: message.chatId,
    fromMe: message.fromMe,
    from: message.fromMe ? 'me' : message.sender,
    to: message.fromMe ? message.chatId : 'me',
    pushName: message.pushName,
    type: message.type,
    kind: message.kind,
    ...(poll ? { poll: { ...poll, tally: toTally(poll, votes) } } : {}),
    ...(message.media ? { media: toMediaView(message.media) } : {}),
    ...(message.receipts ? { recipients: countReceipts(message.receipts) } : {}),
    votes: message.votes,
    responses: message.responses,
    quotedMessageId: message.quotedMessageId,
    timestamp: message.timestamp,
    status: message.status,
    statusTimes: message.statusTimes,
    error: message.error,
    reactions: message.reactions,
    editedAt: message.editedAt,
    revokedAt: message.revokedAt,
    isStarred: message.starred,
    labels: message.labels?.length ? message.labels : undefined,
    pinnedUntil: message.pin?.until && message.pin.until > new Date() ? message.pin.until : undefined,
    post: message.post,
    historical: message.historical,
    commandId: message.commandId,
  }
}

function pickContent(message: Message): Omit<ShownContent, 'type'> {
  return Object.fromEntries(contentFields.flatMap((name) => (name in message ? [[name, message[name]]] : [])))
}

export const maxTextLength = 65_536

export const Text = v.pipe(
  v.string(),
  v.maxLength(maxTextLength, `must be at most ${maxTextLength} characters`),
  v.check((s) => s.trim().length > 0, 'must not be empty'),
)

/** WhatsApp's ids are hex or base32; ours too. Used in paths and bodies. */
export const MessageId = v.pipe(v.string(), v.regex(/^[A-Za-z0-9._-]{1,128}$/, 'must be 1 to 128 of A-Z a-z 0-9 . _ -'))
export const Address = v.pipe(v.string(), v.minLength(1), v.maxLength(100))
export const Instant = v.pipe(
  v.string(),
  v.isoTimestamp('must be an RFC 3339 time'),
  v.transform((s) => new Date(s)),
)

/** What WhatsApp's apps offer: off, a day, a week, 90 days. */
const ephemeralSeconds = [0, 86_400, 604_800, 7_776_000]
const EphemeralSeconds = v.pipe(
  v.number(),
  v.check((seconds) => ephemeralSeconds.includes(seconds), `must be one of ${ephemeralSeconds.join(', ')}`),
)

/** Given by the caller: no address is fetched for it. `url` must stand in the text. */
const LinkPreviewGiven = v.strictObject({
  url: v.pipe(v.string(), v.maxLength(2_000), v.regex(/^https?:\/\/\S+$/, 'must be an http(s) address')),
  title: Words(300),
  description: v.optional(Words(1_000)),
})

const ofEvery = { ephemeralSeconds: v.optional(EphemeralSeconds) }

/** Every type of message, with what all of them take. */
const messageForms = <const E extends v.ObjectEntries>(every: E) =>
  [
    v.strictObject({
      ...every,
      type: v.literal('text'),
      text: Text,
      mentions: v.optional(v.pipe(v.array(Address), v.maxLength(256))),
      /** `true`: made by the connector, of the page behind the first address in the text. */
      linkPreview: v.optional(
        v.union([LinkPreviewGiven, v.literal(true)], 'must be true, or {url, title, description?}'),
      ),
    }),
    v.strictObject({ ...every, type: v.literal('location'), location: LocationGiven }),
    v.strictObject({
      ...every,
      type: v.literal('contacts'),
      contacts: v.pipe(v.array(ContactGiven), v.minLength(1), v.maxLength(50)),
    }),
    v.strictObject({ ...every, type: v.literal('poll'), poll: PollGiven }),
    v.strictObject({ ...every, type: v.literal('event'), event: PlannedEventGiven }),
    ...sendMediaForms(every),
  ] as const

/** The body of `POST …/messages`. */
export const SendMessage = v.variant(
  'type',
  messageForms({
    ...ofEvery,
    to: Address,
    quotedMessageId: v.optional(MessageId),
    notBefore: v.optional(Instant),
    expiresAt: v.optional(Instant),
  }),
)
export type SendMessage = v.InferOutput<typeof SendMessage>

/** What `POST …/messages/bulk` sends to each; it quotes nothing, since that stands in one chat only. */
export const BulkMessage = v.variant('type', messageForms(ofEvery))
export type BulkMessage = v.InferOutput<typeof BulkMessage>

export const EditMessage = v.strictObject({ text: Text })
export const StarMessage = v.strictObject({ starred: v.optional(v.boolean(), true) })

/** The times that WhatsApp's apps offer: a day, a week, 30 days; 0 takes the pin off. */
export const pinTimes = [0, 86_400, 604_800, 2_592_000] as const
export const PinMessage = v.strictObject({
  seconds: v.optional(v.picklist(pinTimes, `must be one of ${pinTimes.join(', ')}`), 604_800),
})

const graphemes = new Intl.Segmenter()
/** WhatsApp's apps show nothing else. */
const isReaction = (text: string) =>
  text === '' ||
  ([...graphemes.segment(text)].length === 1 &&
    /\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|\u20e3/u.test(text))

export const ReactToMessage = v.strictObject({
  /** One of any kind, with or without its colour; empty removes the reaction. */
  emoji: v.pipe(v.string(), v.maxLength(32), v.check(isReaction, 'must be one emoji, or empty')),
})

/** The options' own words; none = the vote is withdrawn. */
export const PostStory = v.strictObject({
  text: Text,
  /** Who may see it. Default: everybody whom the phone's address book names, at most 1,000. */
  viewers: v.optional(v.pipe(v.array(Address), v.minLength(1), v.maxLength(1_000))),
})

export const VoteInPoll = v.strictObject({
  options: v.pipe(
    v.array(v.pipe(v.string(), v.maxLength(1_000))),
    v.maxLength(100),
    v.check((options) => new Set(options).size === options.length, 'must differ from each other'),
  ),
})
export const AnswerEvent = v.strictObject({ answer: EventAnswer })
export const ForwardMessage = v.strictObject({ to: Address })
