// What the border tells the rest: WhatsApp's facts in our own words. No Baileys type leaves this folder.
import type { Sealed } from './answers.ts'
import type { ShownContent } from '../../shared/model/content.ts'
import type { GroupRole, GroupSettings } from '../../shared/model/group.ts'
import type { MessageStatus } from '../../shared/model/message.ts'
import type { AccountChange } from './account-facts.ts'
import type { ChannelFacts, Post } from '../../shared/model/channel.ts'

/** Addresses of one chat or person: the one that was seen first, then every other form that is known. */
export type Jids = readonly [string, ...string[]]

export type MessageContent = ShownContent & {
  kind?: string
  quotedMessageId?: string
  /** The protobuf as WhatsApp knows it. */
  raw?: Uint8Array
}

/** A message somebody wrote, this account's other devices included. */
export type MessageFact = {
  kind: 'message'
  chat: Jids
  /** `me`, or the author. */
  sender: 'me' | Jids
  messageId: string
  pushName?: string
  at: Date
  content: MessageContent
  /** Whom the content names, with every form of their address that is known. */
  mentioned?: Jids[]
  /** Of a post in a channel. */
  post?: Post
  historical: boolean
}

export type Target = { chat: Jids; sender: 'me' | Jids; messageId: string }

export type ContactFact = { jids: Jids; name?: string; notify?: string; verifiedName?: string }
export type ChatFact = {
  jids: Jids
  name?: string
  unreadCount?: number
  archived?: boolean
  pinned?: boolean
  lastActivity?: Date
  /** `null` = no more. */
  mutedUntil?: Date | null
  /** Marked as unread, or read, by hand. */
  markedUnread?: boolean
  locked?: boolean
  ephemeralSeconds?: number
}

export type PersonFact = { jids: Jids; isMe: boolean }
/** A group as WhatsApp tells it whole. */
export type GroupState = GroupSettings & {
  groupId: string
  addressing: 'lid' | 'pn'
  owner?: PersonFact
  members: (PersonFact & { role: GroupRole })[]
  foundedAt?: Date
}
export type GroupChange =
  | { type: 'members'; action: 'add' | 'remove' | 'promote' | 'demote'; people: PersonFact[] }
  | { type: 'settings'; settings: Partial<GroupSettings> }
  | { type: 'request'; action: 'created' | 'revoked' | 'rejected'; person: PersonFact; method?: string }
  /** Nothing that a group's row keeps: a new invite, a new picture. */
  | { type: 'other' }

/** A channel as WhatsApp tells it whole; what is `unsaid` stands for nothing known, and leaves what is known as it was. */
export type ChannelState = ChannelFacts & { channelId: string; unsaid?: readonly (keyof ChannelFacts)[] }
/** What WhatsApp counts of a post. */
export type PostCounts = Post

export type Fact =
  | MessageFact
  | { kind: 'edit'; target: Target; text: string; at: Date }
  /** `by`: an admin takes back what another wrote; whether it is one is for the recorder to see. */
  | { kind: 'revoke'; target: Target; by?: 'me' | Jids; at: Date }
  /** A vote, or an answer to an event: opened with the secret of the message it answers. */
  | { kind: 'answer'; target: Target; by: 'me' | Jids; sealed: Sealed; at: Date }
  | { kind: 'reaction'; target: Target; by: 'me' | Jids; emoji: string; at: Date }
  /** The server took a message of ours, or refused it with its code. */
  | { kind: 'ack'; chat: Jids; messageId: string; error?: string; serverId?: string; at: Date }
  | {
      kind: 'receipt'
      chat: Jids
      by: Jids
      messageIds: string[]
      status: Extract<MessageStatus, 'delivered' | 'read' | 'played'>
      at: Date
    }
  /** Read on another device of this account. */
  | { kind: 'chat-read'; chat: Jids; at: Date }
  /** Everything WhatsApp says of these groups; with `isAll` this account is in no others. */
  | { kind: 'group-state'; groups: GroupState[]; isAll: boolean }
  /** Somebody changed a group; `message` is the line about it in its chat. */
  | { kind: 'group-change'; message: MessageFact; by?: PersonFact; change: GroupChange }
  /** Everything WhatsApp says of these channels; with `isAll` this account follows no others. */
  | { kind: 'channels'; channels: ChannelState[]; isAll: boolean }
  /** Of a channel that is known: what is another way now. */
  | { kind: 'channel-change'; channelId: string; change: Partial<ChannelFacts> }
  | { kind: 'post-counts'; channelId: string; posts: PostCounts[] }
  | { kind: 'account'; what: AccountChange }
  /** Nothing has happened. Once it is stored, so is all that was told before it. */
  | { kind: 'mark' }
  | { kind: 'contacts'; contacts: ContactFact[] }
  | { kind: 'chats'; chats: ChatFact[] }
  | {
      kind: 'history'
      chats: ChatFact[]
      contacts: ContactFact[]
      messages: MessageFact[]
      progress?: number
      syncType: string
    }
  | { kind: 'presence'; chat: Jids; by: Jids; state: 'available' | 'unavailable'; lastSeen?: Date }
  | { kind: 'typing'; chat: Jids; by: Jids; state: 'composing' | 'recording' | 'paused' }

/** A fact and what to do once its consequence is stored. */
export type FactDelivery = { fact: Fact; stored: () => void }
