// A channel (WhatsApp's newsletter) as one session sees it: what it says of itself, and our part in it.
import type { EventInput } from './event.ts'

/** `guest`: we do not follow it. */
export const channelRoles = ['owner', 'admin', 'subscriber', 'guest'] as const
export type ChannelRole = (typeof channelRoles)[number]

/** What WhatsApp tells of a channel. What it does not say of one stays as it was. */
export type ChannelFacts = {
  name: string
  /** Empty = none. */
  description: string
  /** The code in its link. */
  invite?: string
  /** Rounded for large channels; told now and then. */
  subscribers?: number
  isVerified: boolean
  role: ChannelRole
  isMuted: boolean
  foundedAt?: Date
}

/** The document in `channels`; `_id` = `sessionId/channelId`. `channelId` is its jid, which is also its chat's. */
export type Channel = ChannelFacts & {
  _id: string
  sessionId: string
  channelId: string
  /** Lower case, what lists are ordered by. */
  sortName: string
  /** Its role is another than `guest`. */
  isFollowed: boolean
  /** Counts the changes that were told; it names their events. */
  revision: number
  /** The event of its last change while it is not written yet: a crash in between loses none. */
  untold?: EventInput[]
  updatedAt: Date
}

export const longestChannelName = 100
export const longestChannelDescription = 2_048

/** Who may write in it, and change what it says of itself. */
export const isChannelAdmin = (role: ChannelRole): boolean => role === 'owner' || role === 'admin'

const linkOf = (invite: string) => `https://whatsapp.com/channel/${invite}`

/** What the API and the feed show: of a channel that is followed, or of one that was looked up. */
export function toChannelView(channel: ChannelFacts & { channelId: string; sessionId: string }) {
  const { channelId, sessionId, name, description, invite, subscribers, isVerified, role, isMuted, foundedAt } = channel
  return {
    channelId,
    sessionId,
    name,
    description,
    invite: invite === undefined ? undefined : { code: invite, url: linkOf(invite) },
    subscribers,
    isVerified,
    role,
    isFollowed: role !== 'guest',
    isMuted,
    foundedAt,
  }
}

/** A post of a channel, beside what any message has. */
export type Post = {
  /** The channel's own number of it: 100, 101 … Reactions and counts go by it. Absent: one of ours that is on its way. */
  serverId: string
  /** As WhatsApp told last. */
  views?: number
  /** How many of each; who they are nobody is told. */
  reactions?: { emoji: string; count: number }[]
}
