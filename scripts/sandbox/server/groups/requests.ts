// Invite links, and asking to be let in where admins look at everybody who comes.
import type { Group } from '../../records.ts'
import { node, unixSeconds } from '../nodes.ts'
import { FORBIDDEN, type GroupBook, isAdmin, isMember, NOT_FOUND } from './group-book.ts'
import { personAttributes } from './group-node.ts'
import { enterGroup, type MemberOutcome } from './members.ts'

const CONFLICT = 409

const admins = (group: Group): string[] =>
  group.members.filter((one) => one.role !== 'member').map(({ phone }) => phone)

/** `pending`: an admin has to say yes. A number is the code of a refusal. */
export const joinByInvite = (
  book: GroupBook,
  phone: string,
  code: string,
): number | { group: Group; outcome: 'joined' | 'pending' } => {
  const group = book.byInvite(code)
  if (!group) return NOT_FOUND
  if (isMember(group, phone)) return CONFLICT
  if (!group.joinApproval) {
    enterGroup(book, group, phone, phone)
    return { group, outcome: 'joined' }
  }
  if (group.requests.some((one) => one.phone === phone)) return { group, outcome: 'pending' }
  const { directory } = book.exchange
  const next = { ...group, requests: [...group.requests, { phone, at: unixSeconds(), method: 'invite_link' }] }
  const asked = node('created_membership_requests', { request_method: 'invite_link' }, [
    node('requested_user', personAttributes(directory, phone)),
  ])
  book.exchange.transact(() => {
    book.save(next)
    book.announce(next, phone, asked, admins(next))
  })
  return { group: next, outcome: 'pending' }
}

export const withdrawRequest = (book: GroupBook, phone: string, id: string): number | undefined => {
  const group = book.get(id)
  if (!group?.requests.some((one) => one.phone === phone)) return NOT_FOUND
  dropRequest(book, group, phone, phone)
  return undefined
}

const dropRequest = (book: GroupBook, group: Group, phone: string, by: string): void => {
  const next = { ...group, requests: group.requests.filter((one) => one.phone !== phone) }
  const person = node('participant', personAttributes(book.exchange.directory, phone))
  book.exchange.transact(() => {
    book.save(next)
    book.announce(next, by, node('revoked_membership_requests', {}, [person]), admins(next))
  })
}

export const decideRequests = (
  book: GroupBook,
  by: string,
  id: string,
  action: 'approve' | 'reject',
  asked: readonly { jid: string; phone: string | undefined }[],
): number | MemberOutcome[] => {
  const group = book.get(id)
  if (!group || !isAdmin(group, by)) return group ? FORBIDDEN : NOT_FOUND
  return asked.map(({ jid, phone }): MemberOutcome => {
    const now = book.get(id)
    if (phone === undefined || !now?.requests.some((one) => one.phone === phone)) return { jid, error: NOT_FOUND }
    if (action === 'reject') dropRequest(book, now, phone, by)
    else enterGroup(book, now, phone, by)
    return { jid }
  })
}
