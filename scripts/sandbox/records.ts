// What the sandbox remembers, as stored: phones, the devices linked to them, stanzas on their way, inboxes.
import type { BinaryNode } from '@whiskeysockets/baileys'

export type KeyPair = { public: Buffer; private: Buffer }

/** One device of one number: 0 is the phone itself, companions count from 1. */
export type Address = { phone: string; device: number }

export type Counters = {
  /** Messages that this phone could not decrypt. */
  failedDecryptions: number
  /** Retry receipts that linked devices sent for messages of this phone. */
  retryReceiptsReceived: number
  /** Messages that this phone received again with an id it had already. */
  duplicates: number
  /** Nacks 487 (key used already) for messages that this phone sent or that its linked devices received. */
  nacks487: number
}

export type Phone = {
  phone: string
  lid: string
  name: string
  createdAt: string
  identity: KeyPair
  registrationId: number
  signedPreKey: { keyId: number; keyPair: KeyPair; signature: Buffer }
  nextPreKeyId: number
  nextDevice: number
  /** The key of the account's app state, shared with every companion. */
  appStateKey: { keyId: Buffer; keyData: Buffer }
  counters: Counters
  /** The words below the name; absent = those it was born with. */
  about?: string
  pictureUrl?: string
  /** By WhatsApp's names of the settings; absent = `all`. */
  privacy?: Record<string, string>
  /** Numbers. */
  blocked?: string[]
  /** It may not write to new contacts; `until` in unix seconds, when the server names a time. */
  outreachLock?: { until?: number }
  /** Its privacy forbids others to add it to groups: they may invite it. */
  refusesGroups?: true
  /** In groups the server names it by this alone. Default: by LID, with its number. */
  shownAs?: 'lid' | 'pn'
}

export type Role = 'member' | 'admin' | 'superadmin'
/** A group as the server knows it; people by their numbers, times in unix seconds. */
export type Group = {
  /** With `@g.us`. */
  id: string
  subject: string
  subjectBy: string
  subjectAt: number
  creator: string
  createdAt: number
  description?: { id: string; body: string; by: string; at: number }
  announce: boolean
  locked: boolean
  /** Seconds until messages disappear; 0 = never. */
  ephemeral: number
  memberAddMode: 'admin_add' | 'all_member_add'
  joinApproval: boolean
  /** How long its picture is; 0 = none. */
  pictureBytes?: number
  inviteCode: string
  members: { phone: string; role: Role }[]
  requests: { phone: string; at: number; method: string }[]
}

/** A channel as the server knows it; people by their numbers, times in unix seconds. */
export type Channel = {
  /** With `@newsletter`. */
  id: string
  name: string
  description: string
  invite: string
  createdAt: number
  owner: string
  admins: string[]
  /** Everybody who sees it, its owner included. */
  followers: { phone: string; muted: boolean }[]
  verified: boolean
  /** How long its picture is; 0 = none. */
  pictureBytes: number
  lastServerId: number
}
/** What was written in a channel; in plain text, as there. */
export type ChannelPost = {
  serverId: number
  messageId: string
  by: string
  at: number
  type: string
  plaintext: Buffer
  /** Numbers. */
  viewers: string[]
  reactions: { phone: string; emoji: string }[]
}

export type Device = {
  phone: string
  device: number
  keyIndex: number
  noisePublic: Buffer
  identityPublic: Buffer
  registrationId: number
  signedPreKey: { keyId: number; public: Buffer; signature: Buffer }
  platform: string
  linkedAt: string
  /** The first history sync was queued. */
  historySent: boolean
}

export type StanzaKind = 'message' | 'receipt' | 'notification'

/** A stanza that waits until its device has acknowledged it. */
export type QueuedStanza = { id: string; node: BinaryNode }

export type MediaKind = 'image' | 'video' | 'audio' | 'voice' | 'document' | 'sticker'
export type MessageKind =
  | MediaKind
  | 'text'
  | 'location'
  | 'contacts'
  | 'poll'
  | 'vote'
  | 'event'
  | 'response'
  | 'reaction'
  | 'edit'
  | 'revoke'
  | 'pin'
  | 'other'

export type Place = { latitude: number; longitude: number; name?: string | undefined; address?: string | undefined }
export type Card = { name: string; vcard: string }
export type Poll = { question: string; options: string[]; selectable: number }
export type PlannedEvent = { name: string; startAt: string; endAt?: string; description?: string }
export type MediaDetails = {
  mimetype: string | undefined
  fileName: string | undefined
  seconds: number | undefined
  waveform: number[] | undefined
  width: number | undefined
  height: number | undefined
  thumbnailBytes: number
  gif: boolean
  videoNote: boolean
  animated: boolean
  viewOnce: boolean
  /** Where the encrypted bytes lie and what opens them; not shown at the door. */
  directPath: string
  mediaKey: Buffer
  /** What the message says of the file, hex. */
  statedSha256: string
}
/** What a message of these kinds says besides its text; of a vote and an answer what was in the seal. */
export type Details = {
  location?: Place
  contacts?: Card[]
  poll?: Poll
  event?: PlannedEvent
  media?: MediaDetails
  vote?: string[]
  response?: string
}
export type Context = {
  forwardingScore?: number
  ephemeralSeconds?: number
  mentions?: string[]
  preview?: { title: string; url: string; description?: string; thumbnailBytes?: number }
  /** What was quoted, as the sender shows it. */
  quotedKind?: MessageKind
}

export type ReceivedMessage = {
  seq: number
  messageId: string
  /** The phone number that sent it, and which of its devices. */
  from: string
  fromDevice: number
  /** True when a linked device of this very number sent it; `to` is then the chat. */
  fromMe: boolean
  to: string
  /** The group it was written in; `to` is then the group too. */
  group?: string
  kind: MessageKind
  text: string
  details?: Details
  context?: Context
  /** The message that a reaction, edit, revoke, vote or answer is about. */
  targetId?: string
  quotedMessageId?: string
  /** When it was first received, RFC 3339. */
  at: string
  /** How many times a message with this id was received. */
  deliveries: number
  read: boolean
  /** The decrypted protobuf, for quoting. */
  content: Buffer
}

export type ReceiptNote = { from: string; device: number; type: string; at: string }

export type SentMessage = {
  seq: number
  messageId: string
  to: string
  kind: MessageKind
  text: string
  at: string
  receipts: ReceiptNote[]
  /** The protobuf as it was sent, for resends and quotes. */
  content: Buffer
  addressing: 'lid' | 'pn'
  edit?: string
  /** Nobody can read it. */
  garbled?: boolean
}

export type HistoryContact = { phone: string; name?: string | undefined }
export type HistoryChat = {
  phone: string
  name?: string | undefined
  unread?: number | undefined
  archived?: boolean | undefined
  pinned?: boolean | undefined
}
export type HistoryMessage = {
  chat: string
  fromMe?: boolean | undefined
  text: string
  at?: string | undefined
  messageId?: string | undefined
  /** Not handed over at the link, but when it is asked for. */
  older?: boolean | undefined
  /** Its row does not say which message it is. */
  keyless?: boolean | undefined
}
export type History = {
  contacts: HistoryContact[]
  chats: HistoryChat[]
  messages: HistoryMessage[]
  /** False: no pair of LID and number is told. */
  mappings?: boolean
  /** As encrypted files on the media host. */
  external?: boolean | undefined
  /** With a part of which nobody can make anything. */
  unreadable?: boolean | undefined
}
