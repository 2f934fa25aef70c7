// A group as one session sees it: what it says of itself, what it allows, and who is in it.

import type { EventInput } from './event.ts'
import type { Addresses } from './person.ts'

export type GroupRole = 'member' | 'admin' | 'superadmin'

/** At least one address is there. */
export type GroupMember = Addresses & { role: GroupRole; isMe?: true }

export type GroupSettings = {
  subject: string
  /** Empty = none. */
  description: string
  /** Only admins may write. */
  announce: boolean
  /** Only admins may change subject, description and picture. */
  locked: boolean
  /** Messages disappear after so many seconds; 0 = never. */
  ephemeralSeconds: number
  memberAddMode: 'admin_add' | 'all_member_add'
  /** Who comes by the invite waits for an admin. */
  joinApproval: boolean
}

/** The document in `groups`; `_id` = `sessionId/groupId`. `groupId` is its jid, which is also its chat's. */
export type Group = GroupSettings & {
  _id: string
  sessionId: string
  groupId: string
  /** Lower case, what lists are ordered by. */
  sortName: string
  /** How WhatsApp names people in it. */
  addressing: 'lid' | 'pn'
  owner?: Addresses
  members: GroupMember[]
  /** Our own part in it; `null` = we are in it no more. */
  myRole: GroupRole | null
  /** Counts the changes that were told; it names their events. */
  revision: number
  /** Events of its last change while they are not written yet: a crash in between loses none. */
  untold?: EventInput[]
  /** When the group was made, as WhatsApp says. */
  foundedAt?: Date
  updatedAt: Date
}

/** WhatsApp's largest group; what is longer is cut. */
export const maxMembers = 5_000
export const longestSubject = 100
export const longestDescription = 2_048

export const isSamePerson = (a: Addresses, b: Addresses): boolean =>
  (a.lid !== undefined && a.lid === b.lid) || (a.phone !== undefined && a.phone === b.phone)

export const isAdminRole = (role: GroupRole | null | undefined): boolean => role === 'admin' || role === 'superadmin'

/** Without the people: what events and lists show. */
export function toGroupSummary(group: Group) {
  return {
    groupId: group.groupId,
    sessionId: group.sessionId,
    subject: group.subject,
    description: group.description,
    announce: group.announce,
    locked: group.locked,
    ephemeralSeconds: group.ephemeralSeconds,
    memberAddMode: group.memberAddMode,
    joinApproval: group.joinApproval,
    owner: group.owner,
    size: group.members.length,
    myRole: group.myRole,
    foundedAt: group.foundedAt,
    updatedAt: group.updatedAt,
  }
}

export function toGroupView(group: Group) {
  return { ...toGroupSummary(group), participants: group.members }
}
