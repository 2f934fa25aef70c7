// What clients ask about groups and do to them (`w:g2`).
import type { BinaryNode } from '@whiskeysockets/baileys'
import type { Address, Group } from '../records.ts'
import type { Exchange } from '../server/exchange.ts'
import {
  createGroupBook,
  FORBIDDEN,
  type GroupBook,
  isAdmin,
  isMember,
  NOT_FOUND,
} from '../server/groups/group-book.ts'
import { groupNode, personAttributes } from '../server/groups/group-node.ts'
import {
  changeMembers,
  createGroup,
  leaveGroup,
  type MemberAction,
  type MemberOutcome,
} from '../server/groups/members.ts'
import { decideRequests, joinByInvite } from '../server/groups/requests.ts'
import { changeSetting, type SettingWish } from '../server/groups/settings.ts'
import { bytesOf, child, children, node } from '../server/nodes.ts'
import type { Answer } from './answer.ts'

const BAD_REQUEST = 400
const MEMBER_ACTIONS: ReadonlySet<string> = new Set<MemberAction>(['add', 'remove', 'promote', 'demote'])

const outcomeNode = ({ jid, error, invite }: MemberOutcome): BinaryNode =>
  node('participant', { jid, error }, invite ? [node('add_request', invite)] : undefined)

const textOf = (asked: BinaryNode): string =>
  typeof asked.content === 'string'
    ? asked.content
    : asked.content instanceof Uint8Array
      ? Buffer.from(asked.content).toString()
      : ''

const wishOf = (asked: BinaryNode): SettingWish | undefined => {
  switch (asked.tag) {
    case 'subject':
      return { kind: 'subject', subject: textOf(asked) }
    case 'description':
      return { kind: 'description', body: bytesOf(asked, 'body')?.toString() ?? '' }
    case 'announcement':
    case 'not_announcement':
      return { kind: 'announce', on: asked.tag === 'announcement' }
    case 'locked':
    case 'unlocked':
      return { kind: 'locked', on: asked.tag === 'locked' }
    case 'ephemeral':
    case 'not_ephemeral':
      return { kind: 'ephemeral', seconds: Number(asked.attrs.expiration ?? 0) }
    case 'member_add_mode':
      return { kind: 'memberAddMode', mode: textOf(asked) === 'all_member_add' ? 'all_member_add' : 'admin_add' }
    case 'membership_approval_mode':
      return { kind: 'joinApproval', on: child(asked, 'group_join')?.attrs.state === 'on' }
    case 'invite':
      return { kind: 'newInvite' }
    default:
      return undefined
  }
}

export const answerGroups = (exchange: Exchange, { phone: by }: Address, iq: BinaryNode): Answer => {
  const book = createGroupBook(exchange)
  const [asked] = children(iq)
  if (!asked) return BAD_REQUEST
  const id = iq.attrs.to
  if (id === undefined || id === '@g.us') return answerAny(book, by, iq.attrs.type, asked)
  const group = book.get(id)
  if (!group) return NOT_FOUND
  if (iq.attrs.type === 'get') return answerAbout(book, by, group, asked)
  return change(book, by, id, asked)
}

const people = (book: GroupBook, list: BinaryNode) =>
  children(list, 'participant').map(({ attrs }) => ({
    jid: attrs.jid ?? '',
    phone: book.exchange.directory.resolve(attrs.jid)?.phone,
  }))

/** Questions that name no group. */
const answerAny = (book: GroupBook, by: string, type: string | undefined, asked: BinaryNode): Answer => {
  const { directory } = book.exchange
  switch (asked.tag) {
    case 'participating':
      return [
        node(
          'groups',
          {},
          book.of(by).map((group) => groupNode(directory, group)),
        ),
      ]
    case 'create': {
      const { group, outcomes } = createGroup(book, by, asked.attrs.subject ?? '', people(book, asked))
      const described = groupNode(directory, group)
      const refused = outcomes.filter(({ error }) => error !== undefined).map(outcomeNode)
      return [{ ...described, content: [...children(described), ...refused] }]
    }
    case 'leave': {
      const left = children(asked, 'group').map(({ attrs }) => {
        const error = leaveGroup(book, by, attrs.id ?? '')
        return node('group', { id: attrs.id, error })
      })
      return [node('leave', {}, left)]
    }
    case 'invite': {
      const code = asked.attrs.code ?? ''
      if (type === 'get') {
        const group = book.byInvite(code)
        return group ? [groupNode(directory, group)] : NOT_FOUND
      }
      const joined = joinByInvite(book, by, code)
      if (typeof joined === 'number') return joined
      return joined.outcome === 'joined'
        ? [node('group', { jid: joined.group.id })]
        : [node('membership_approval_request', { jid: joined.group.id })]
    }
    default:
      return BAD_REQUEST
  }
}

const answerAbout = (book: GroupBook, by: string, group: Group, asked: BinaryNode): Answer => {
  const { directory } = book.exchange
  if (!isMember(group, by)) return FORBIDDEN
  switch (asked.tag) {
    case 'query':
      return [groupNode(directory, group)]
    case 'invite':
      return isAdmin(group, by) ? [node('invite', { code: group.inviteCode })] : FORBIDDEN
    case 'membership_approval_requests': {
      if (!isAdmin(group, by)) return FORBIDDEN
      const requests = group.requests.map(({ phone, at, method }) =>
        node('membership_approval_request', {
          ...personAttributes(directory, phone),
          request_time: at,
          request_method: method,
        }),
      )
      return [node('membership_approval_requests', {}, requests)]
    }
    default:
      return BAD_REQUEST
  }
}

const change = (book: GroupBook, by: string, id: string, asked: BinaryNode): Answer => {
  if (MEMBER_ACTIONS.has(asked.tag)) {
    const outcomes = changeMembers(book, by, id, asked.tag as MemberAction, people(book, asked))
    return typeof outcomes === 'number' ? outcomes : [node(asked.tag, {}, outcomes.map(outcomeNode))]
  }
  if (asked.tag === 'membership_requests_action') {
    const approve = child(asked, 'approve')
    const list = approve ?? child(asked, 'reject')
    if (!list) return BAD_REQUEST
    const outcomes = decideRequests(book, by, id, approve ? 'approve' : 'reject', people(book, list))
    if (typeof outcomes === 'number') return outcomes
    return [node(asked.tag, {}, [node(list.tag, {}, outcomes.map(outcomeNode))])]
  }
  const wish = wishOf(asked)
  if (!wish) return BAD_REQUEST
  const changed = changeSetting(book, by, id, wish)
  if (typeof changed === 'number') return changed
  return wish.kind === 'newInvite' ? [node('invite', { code: changed.inviteCode })] : []
}
