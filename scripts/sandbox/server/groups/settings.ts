// What a group says of itself and what it allows: changed by who may, and told to everybody in it.
import { randomUUID } from 'node:crypto'
import type { BinaryNode } from '@whiskeysockets/baileys'
import type { Group } from '../../records.ts'
import { node, unixSeconds } from '../nodes.ts'
import { FORBIDDEN, type GroupBook, isAdmin, isMember, newInviteCode, NOT_FOUND, phonesOf } from './group-book.ts'

export type SettingWish =
  | { kind: 'subject'; subject: string }
  | { kind: 'description'; body: string }
  | { kind: 'announce' | 'locked' | 'joinApproval'; on: boolean }
  | { kind: 'ephemeral'; seconds: number }
  | { kind: 'memberAddMode'; mode: Group['memberAddMode'] }
  | { kind: 'newInvite' }

/** Without `locked` everybody may change these. */
const forMembers = new Set<SettingWish['kind']>(['subject', 'description', 'ephemeral'])

const change = (group: Group, by: string, wish: SettingWish): { next: Partial<Group>; told: BinaryNode } => {
  const at = unixSeconds()
  switch (wish.kind) {
    case 'subject':
      return {
        next: { subject: wish.subject, subjectBy: by, subjectAt: at },
        told: node('subject', { subject: wish.subject, s_t: at }),
      }
    case 'description': {
      const id = randomUUID().slice(0, 8).toUpperCase()
      if (wish.body === '') {
        const { description: _gone, ...rest } = group
        return { next: rest, told: node('description', { delete: 'true' }) }
      }
      const told = node('description', { id }, [node('body', {}, Buffer.from(wish.body))])
      return { next: { description: { id, body: wish.body, by, at } }, told }
    }
    case 'announce':
      return { next: { announce: wish.on }, told: node(wish.on ? 'announcement' : 'not_announcement') }
    case 'locked':
      return { next: { locked: wish.on }, told: node(wish.on ? 'locked' : 'unlocked') }
    case 'joinApproval': {
      const state = node('group_join', { state: wish.on ? 'on' : 'off' })
      return { next: { joinApproval: wish.on }, told: node('membership_approval_mode', {}, [state]) }
    }
    case 'ephemeral': {
      const told = wish.seconds > 0 ? node('ephemeral', { expiration: wish.seconds }) : node('not_ephemeral')
      return { next: { ephemeral: wish.seconds }, told }
    }
    case 'memberAddMode':
      return { next: { memberAddMode: wish.mode }, told: node('member_add_mode', {}, Buffer.from(wish.mode)) }
    case 'newInvite': {
      const inviteCode = newInviteCode()
      return { next: { inviteCode }, told: node('invite', { code: inviteCode }) }
    }
  }
}

/** The code of the refusal, or the group as it is afterwards. */
export const changeSetting = (book: GroupBook, by: string, id: string, wish: SettingWish): number | Group => {
  const group = book.get(id)
  if (!group || !isMember(group, by)) return group ? FORBIDDEN : NOT_FOUND
  if (!isAdmin(group, by) && (group.locked || !forMembers.has(wish.kind))) return FORBIDDEN
  const { next, told } = change(group, by, wish)
  const isRemoval = wish.kind === 'description' && wish.body === ''
  const changed = isRemoval ? (next as Group) : { ...group, ...next }
  book.exchange.transact(() => {
    book.save(changed)
    book.announce(changed, by, told, phonesOf(changed))
  })
  return changed
}
