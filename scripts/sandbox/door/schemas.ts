// The shapes that the door accepts. Unknown fields are refused.
import * as v from 'valibot'
import { Base64 } from './base64.ts'
import { FAULT_KINDS } from '../server/faults.ts'

const MAX_BURST = 10_000
const MAX_PAGE = 10_000
const MAX_WAIT_SECONDS = 120

/** A number in international form; kept as its digits. */
const Phone = v.pipe(
  v.string(),
  v.transform((text) => text.replace(/[\s().+-]/g, '')),
  v.regex(/^[1-9]\d{6,14}$/, 'expected a phone number in international form'),
)
const Text = v.pipe(v.string(), v.minLength(1), v.maxLength(65_536))
const MessageId = v.pipe(v.string(), v.minLength(1), v.maxLength(128))
/** A number or a jid. */
const Somebody = v.pipe(v.string(), v.minLength(1), v.maxLength(64))
const Count = (max: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(max))
const Whole = v.pipe(v.number(), v.integer(), v.minValue(0))
const Addressing = v.optional(v.picklist(['lid', 'pn']), 'lid')
const Time = v.pipe(v.string(), v.isoTimestamp())
const QueryNumber = (max: number) =>
  v.optional(v.pipe(v.string(), v.regex(/^\d{1,15}$/, 'expected a number'), v.transform(Number), v.maxValue(max)))

export const NewPhone = v.strictObject({ phone: v.optional(Phone), name: v.optional(v.pipe(Text, v.maxLength(100))) })
export const Scan = v.strictObject({ qr: Text })
export const Pair = v.strictObject({
  code: v.pipe(
    v.string(),
    v.transform((code) => code.replace(/[\s-]/g, '')),
    v.length(8),
  ),
})

const messageKinds = [
  'text',
  'media',
  'location',
  'contacts',
  'poll',
  'event',
  'vote',
  'response',
  'message',
  'reaction',
  'edit',
  'revoke',
  'pin',
] as const

/** Either the file itself, or how many bytes of anything. */
const NewMedia = v.pipe(
  v.strictObject({
    kind: v.picklist(['image', 'video', 'audio', 'voice', 'document', 'sticker']),
    base64: v.optional(Base64),
    size: v.optional(v.pipe(Whole, v.maxValue(256 * 1024 * 1024))),
    caption: v.optional(Text),
    mimetype: v.optional(Text),
    fileName: v.optional(Text),
    seconds: v.optional(Whole),
    waveform: v.optional(v.array(v.number())),
    width: v.optional(Whole),
    height: v.optional(Whole),
    gif: v.optional(v.boolean()),
    videoNote: v.optional(v.boolean()),
    viewOnce: v.optional(v.boolean()),
    animated: v.optional(v.boolean()),
    /** The message names another file's hash, as a liar would. */
    wrongHash: v.optional(v.boolean(), false),
    /** What the message says of the file's length, as a liar would, bytes. */
    statedSize: v.optional(Whole),
    /** What the message says of where the file lies, as a liar would. */
    url: v.optional(Text),
    directPath: v.optional(Text),
  }),
  v.check(({ base64, size }) => (base64 === undefined) !== (size === undefined), 'expected one of base64, size'),
)
export type NewMedia = v.InferOutput<typeof NewMedia>

export const ForgetMedia = v.strictObject({
  /** The phones have lost theirs too. */
  gone: v.optional(v.boolean(), false),
})
export const HoldFiles = v.strictObject({ hold: v.boolean() })

/** Under which form of their names an answer is sealed: its author's, then the answering one's (WhiskeySockets/Baileys #2342). */
const Names = v.optional(v.strictObject({ author: v.picklist(['lid', 'pn']), answerer: v.picklist(['lid', 'pn']) }), {
  author: 'lid',
  answerer: 'pn',
})

export const NewMessage = v.pipe(
  v.strictObject({
    to: Somebody,
    text: v.optional(Text),
    count: v.optional(Count(MAX_BURST)),
    quotedMessageId: v.optional(MessageId),
    /** Numbers that the text names. */
    mentions: v.optional(v.array(Somebody)),
    location: v.optional(
      v.strictObject({
        latitude: v.number(),
        longitude: v.number(),
        name: v.optional(v.string()),
        address: v.optional(v.string()),
      }),
    ),
    contacts: v.optional(v.array(v.strictObject({ name: v.string(), vcard: v.string() }))),
    media: v.optional(NewMedia),
    poll: v.optional(
      v.strictObject({ question: v.string(), options: v.array(v.string()), selectable: v.optional(v.number(), 1) }),
    ),
    event: v.optional(
      v.strictObject({
        name: v.string(),
        startAt: Time,
        endAt: v.optional(Time),
        description: v.optional(v.string()),
      }),
    ),
    vote: v.optional(v.strictObject({ messageId: MessageId, options: v.array(v.string()), names: Names })),
    response: v.optional(
      v.strictObject({ messageId: MessageId, answer: v.picklist(['going', 'not_going', 'maybe']), names: Names }),
    ),
    /** Any protobuf Message, as JSON; bytes in base64. */
    message: v.optional(v.record(v.string(), v.unknown())),
    reaction: v.optional(v.strictObject({ messageId: MessageId, emoji: v.string() })),
    edit: v.optional(v.strictObject({ messageId: MessageId, text: Text })),
    revoke: v.optional(v.strictObject({ messageId: MessageId })),
    pin: v.optional(v.strictObject({ messageId: MessageId, seconds: v.optional(v.number(), 604_800) })),
    addressing: Addressing,
    /** The server tells no other form of the sender's address, as WhatsApp's at times does not. */
    alone: v.optional(v.boolean()),
    /** Companions get a placeholder in its place, as of what WhatsApp withholds from them; the phone itself has it. */
    withheld: v.optional(v.boolean()),
    /** Nobody can read what is in the seal. */
    garbled: v.optional(v.boolean()),
    /** Of a story (`to: "status@broadcast"`): who may see it. */
    viewers: v.optional(v.array(Somebody)),
  }),
  v.check(
    (body) => messageKinds.filter((kind) => body[kind] !== undefined).length === 1,
    `expected exactly one of ${messageKinds.join(', ')}`,
  ),
  v.check(
    ({ text, count, quotedMessageId }) => text !== undefined || (count === undefined && quotedMessageId === undefined),
    'count and quotedMessageId go with text',
  ),
)

type Content = string | { base64: string } | RawNode[]
type RawNode = { tag: string; attrs?: Record<string, string> | undefined; content?: Content | undefined }
const RawNode: v.GenericSchema<RawNode> = v.strictObject({
  tag: v.pipe(v.string(), v.minLength(1)),
  attrs: v.optional(v.record(v.string(), v.string())),
  content: v.optional(v.union([v.string(), v.strictObject({ base64: Base64 }), v.array(v.lazy(() => RawNode))])),
})
/** Whatever the server might say to a phone's companions. */
export const RawStanza = RawNode

export const Page = v.strictObject({
  from: v.optional(Somebody),
  after: QueryNumber(Number.MAX_SAFE_INTEGER),
  limit: QueryNumber(MAX_PAGE),
  fromMe: v.optional(v.picklist(['true', 'false'])),
  messageId: v.optional(MessageId),
  /** Of what was sent: only messages with such a receipt. */
  receipt: v.optional(v.picklist(['delivered', 'read', 'played', 'retry', 'sender'])),
  /** Answers only once there are that many, or the wait is over. */
  atLeast: QueryNumber(MAX_PAGE),
  wait: QueryNumber(MAX_WAIT_SECONDS),
})

export const Read = v.strictObject({ from: v.optional(Somebody), messageIds: v.optional(v.array(MessageId)) })
export const Typing = v.strictObject({
  to: Somebody,
  state: v.optional(v.picklist(['composing', 'recording', 'paused']), 'composing'),
  addressing: Addressing,
})
export const Presence = v.strictObject({
  state: v.optional(v.picklist(['available', 'unavailable']), 'available'),
  lastSeen: v.optional(Time),
})

export const NewFault = v.strictObject({
  kind: v.picklist(FAULT_KINDS),
  phone: v.optional(Phone),
  device: v.optional(Whole),
  after: v.optional(Whole),
  times: v.optional(Count(1_000_000)),
  /** nack: the ack's error. */
  code: v.optional(v.pipe(v.number(), v.integer(), v.minValue(400), v.maxValue(599)), 463),
  /** delay: milliseconds that every stanza waits. */
  ms: v.optional(v.pipe(Whole, v.maxValue(60_000)), 500),
  /** qr-refresh: the QR shown until now, refused from then on. */
  qr: v.optional(Text),
})

export const OutreachLock = v.strictObject({
  active: v.boolean(),
  /** From now on; absent = the server names no time. */
  seconds: v.optional(Count(10_000_000)),
  /** Default true: the companions are told. */
  notify: v.optional(v.boolean(), true),
})

export const NewHistory = v.strictObject({
  phone: Phone,
  /** False: no pair of LID and number is told with it. */
  mappings: v.optional(v.boolean(), true),
  /** As encrypted files on the media host, as WhatsApp's phones do it; otherwise inside the messages that announce them. */
  external: v.optional(v.boolean()),
  /** A part besides, of which nobody can make anything. */
  unreadable: v.optional(v.boolean()),
  contacts: v.optional(v.array(v.strictObject({ phone: Phone, name: v.optional(Text) })), []),
  chats: v.optional(
    v.array(
      v.strictObject({
        phone: Phone,
        name: v.optional(Text),
        unread: v.optional(Whole),
        archived: v.optional(v.boolean()),
        pinned: v.optional(v.boolean()),
      }),
    ),
    [],
  ),
  messages: v.optional(
    v.array(
      v.strictObject({
        chat: Phone,
        fromMe: v.optional(v.boolean()),
        text: Text,
        at: v.optional(Time),
        messageId: v.optional(MessageId),
        /** Not handed over at the link, but when a companion asks for older ones; needs `at`. */
        older: v.optional(v.boolean()),
        /** A row that does not say which message it is. */
        keyless: v.optional(v.boolean()),
      }),
    ),
    [],
  ),
})
