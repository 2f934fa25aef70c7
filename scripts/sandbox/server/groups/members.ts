// Who is in a group: made, joined, left, added, removed, made admin and unmade.
import { randomInt } from 'node:crypto'
import { type BinaryNode } from '@whiskeysockets/baileys'
import type { Group } from '../../records.ts'
import { node, unixSeconds } from '../nodes.ts'
import { FORBIDDEN, type GroupBook, isAdmin, isMember, newInviteCode, NOT_FOUND, phonesOf } from './group-book.ts'
import { groupNode, personAttributes } from './group-node.ts'

const CONFLICT = 409
const INVITE_SECONDS = 3 * 86_400

/** What became of one person: no code = it was done. `invite`: they may be invited instead. */
export type MemberOutcome = { jid: string; error?: number; invite?: { code: string; expiration: number } }
export type MemberAction = 'add' | 'remove' | 'promote' | 'demote'
type Asked = { jid: string; phone: string | undefined }

const refusedByPrivacy = (jid: string): MemberOutcome => ({
  jid,
  error: FORBIDDEN,
  invite: { code: String(randomInt(1e9)), expiration: unixSeconds() + INVITE_SECONDS },
})

export const createGroup = (
  book: GroupBook,
  by: string,
  subject: string,
  asked: readonly Asked[],
): { group: Group; outcomes: MemberOutcome[] } => {
  const { store, directory } = book.exchange
  const others = asked.filter(({ phone }) => phone !== by)
  const outcomes = others.map(({ jid, phone }): MemberOutcome => {
    const record = phone === undefined ? undefined : store.phones.get(phone)
    if (!record) return { jid, error: NOT_FOUND }
    return record.refusesGroups ? refusedByPrivacy(jid) : { jid }
  })
  const joined = [...new Set(others.flatMap(({ phone }, i) => (phone && !outcomes[i]?.error ? [phone] : [])))]
  const group: Group = {
    id: book.newId(),
    subject,
    subjectBy: by,
    subjectAt: unixSeconds(),
    creator: by,
    createdAt: unixSeconds(),
    announce: false,
    locked: false,
    ephemeral: 0,
    memberAddMode: 'all_member_add',
    joinApproval: false,
    inviteCode: newInviteCode(),
    members: [{ phone: by, role: 'superadmin' }, ...joined.map((phone) => ({ phone, role: 'member' as const }))],
    requests: [],
  }
  book.exchange.transact(() => {
    book.save(group)
    book.announce(group, by, node('create', {}, [groupNode(directory, group)]), phonesOf(group))
  })
  return { group, outcomes }
}

const apply = (
  group: Group,
  action: MemberAction,
  { jid, phone }: Asked,
  book: GroupBook,
): { outcome: MemberOutcome; group: Group } => {
  const refuse = (error: number) => ({ outcome: { jid, error }, group })
  const record = phone === undefined ? undefined : book.exchange.store.phones.get(phone)
  if (!record || phone === undefined) return refuse(NOT_FOUND)
  const member = group.members.find((one) => one.phone === phone)
  const members = (next: Group['members']) => ({ outcome: { jid }, group: { ...group, members: next } })
  if (action === 'add') {
    if (member) return refuse(CONFLICT)
    if (record.refusesGroups) return { outcome: refusedByPrivacy(jid), group }
    const requests = group.requests.filter((one) => one.phone !== phone)
    const next = { ...group, requests, members: [...group.members, { phone, role: 'member' as const }] }
    return { outcome: { jid }, group: next }
  }
  if (!member) return refuse(NOT_FOUND)
  if (member.role === 'superadmin') return refuse(FORBIDDEN)
  if (action === 'remove') return members(group.members.filter((one) => one !== member))
  const role = action === 'promote' ? ('admin' as const) : ('member' as const)
  return members(group.members.map((one) => (one === member ? { ...one, role } : one)))
}

/** The code of a refusal of the whole, or what became of each. */
export const changeMembers = (
  book: GroupBook,
  by: string,
  id: string,
  action: MemberAction,
  asked: readonly Asked[],
): number | MemberOutcome[] => {
  const before = book.get(id)
  if (!before || !isMember(before, by)) return before ? FORBIDDEN : NOT_FOUND
  const mayAdd = action === 'add' && before.memberAddMode === 'all_member_add'
  if (!isAdmin(before, by) && !mayAdd) return FORBIDDEN
  let group = before
  const done: string[] = []
  const outcomes: MemberOutcome[] = []
  for (const one of asked) {
    const step = apply(group, action, one, book)
    group = step.group
    outcomes.push(step.outcome)
    if (!step.outcome.error && one.phone) done.push(one.phone)
  }
  if (done.length > 0) tellMembers(book, by, before, group, action, done)
  return outcomes
}

const tellMembers = (
  book: GroupBook,
  by: string,
  before: Group,
  group: Group,
  action: MemberAction,
  phones: readonly string[],
): void => {
  const { directory } = book.exchange
  const people = phones.map((phone): BinaryNode => node('participant', personAttributes(directory, phone)))
  book.exchange.transact(() => {
    book.save(group, action === 'remove' ? phones : [])
    // Who was removed hears it too.
    book.announce(group, by, node(action, {}, people), [...phonesOf(before), ...phonesOf(group)])
  })
}

export const leaveGroup = (book: GroupBook, by: string, id: string): number | undefined => {
  const before = book.get(id)
  if (!before || !isMember(before, by)) return NOT_FOUND
  const members = before.members.filter((one) => one.phone !== by)
  tellMembers(book, by, before, { ...before, members }, 'remove', [by])
  return undefined
}

/** Lets a number in by its own wish, or by an admin's who has looked at it. */
export const enterGroup = (book: GroupBook, group: Group, phone: string, by: string): void => {
  const requests = group.requests.filter((one) => one.phone !== phone)
  const next: Group = { ...group, requests, members: [...group.members, { phone, role: 'member' }] }
  tellMembers(book, by, group, next, 'add', [phone])
}
