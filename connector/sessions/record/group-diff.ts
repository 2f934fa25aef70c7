// From the group as it was to the group as it is: what changed, for its row and for its events. Pure.
import {
  isAdminRole,
  isSamePerson,
  maxMembers,
  type Group,
  type GroupMember,
  type GroupRole,
  type GroupSettings,
} from '../../../shared/model/group.ts'
import { toAddresses, type Addresses } from '../../../shared/model/person.ts'
import type { GroupChange, GroupState, PersonFact } from '../../whatsapp/facts.ts'

export type GroupRow = Omit<Group, '_id' | 'sortName' | 'updatedAt' | 'untold'>
export type MemberAction = 'add' | 'remove' | 'promote' | 'demote'
export type MembersChanged = { action: MemberAction; people: GroupMember[] }
export type Difference = { next: GroupRow; settings: (keyof GroupSettings)[]; members: MembersChanged[] }

const settingNames = [
  'subject',
  'description',
  'announce',
  'locked',
  'ephemeralSeconds',
  'memberAddMode',
  'joinApproval',
] as const satisfies readonly (keyof GroupSettings)[]

const find = <P extends Addresses>(people: readonly P[], person: Addresses) =>
  people.find((one) => isSamePerson(one, person))

/** Names by which people are found in large groups without comparing everybody with everybody. */
function indexOf(people: readonly GroupMember[]): (person: Addresses) => GroupMember | undefined {
  const byForm = new Map<string, GroupMember>()
  for (const one of people) for (const form of [one.lid, one.phone]) if (form !== undefined) byForm.set(form, one)
  return ({ lid, phone }) =>
    (lid === undefined ? undefined : byForm.get(lid)) ?? (phone === undefined ? undefined : byForm.get(phone))
}

const changedSettings = (before: GroupSettings, after: GroupSettings) =>
  settingNames.filter((name) => before[name] !== after[name])

const isPromotion = (before: GroupRole, after: GroupRole) => !isAdminRole(before) && isAdminRole(after)

/** The group as WhatsApp tells it whole, against the row that stands. */
export function fromState(sessionId: string, row: GroupRow | null, state: GroupState): Difference {
  const members = state.members.map((one): GroupMember => ({
    ...toAddresses(one.jids),
    role: one.role,
    ...(one.isMe ? { isMe: true } : {}),
  }))
  const known = row && indexOf(row.members)
  const now = indexOf(members)
  // A form that WhatsApp told before is not forgotten.
  const merged = members.map((one): GroupMember => ({ ...known?.(one), ...one }))
  const me = state.members.find((one) => one.isMe)
  const { owner, members: _members, groupId, addressing, foundedAt, ...settings } = state
  const next: GroupRow = {
    sessionId,
    groupId,
    addressing,
    ...settings,
    ...(owner ? { owner: toAddresses(owner.jids) } : {}),
    ...(foundedAt ? { foundedAt } : {}),
    members: merged,
    myRole: me?.role ?? null,
    revision: row?.revision ?? 0,
  }
  if (!row || !known) return { next, settings: [...settingNames], members: [] }
  const gone = row.members.filter((one) => !now(one))
  const came = merged.filter((one) => !known(one))
  const changed = merged.filter((one) => {
    const before = known(one)
    return before !== undefined && isAdminRole(before.role) !== isAdminRole(one.role)
  })
  const promoted = changed.filter((one) => isPromotion(known(one)?.role ?? 'member', one.role))
  const all: MembersChanged[] = [
    { action: 'remove', people: gone },
    { action: 'add', people: came },
    { action: 'promote', people: promoted },
    { action: 'demote', people: changed.filter((one) => !promoted.includes(one)) },
  ]
  const told = all.filter(({ people }) => people.length > 0)
  return { next, settings: changedSettings(row, next), members: told }
}

/** One change that somebody made. What is so already is no change. */
export function fromChange(row: GroupRow, change: GroupChange, by: PersonFact | undefined): Difference {
  const nothing: Difference = { next: row, settings: [], members: [] }
  if (change.type === 'settings') {
    // Its line may also be written by any member, who then must be one that may.
    const author = by && find(row.members, toAddresses(by.jids))
    const mayChange = !row.locked || by === undefined || isAdminRole(author?.role)
    if ('ephemeralSeconds' in change.settings && !mayChange) return nothing
    const next = { ...row, ...change.settings }
    return { next, settings: changedSettings(row, next), members: [] }
  }
  if (change.type !== 'members') return nothing
  const { action, people } = change
  let { members, myRole } = row
  const done: GroupMember[] = []
  for (const fact of people) {
    const person = toAddresses(fact.jids)
    const member = find(members, person)
    const step = applyTo(members, member, { ...person, ...(fact.isMe ? { isMe: true as const } : {}) }, action)
    if (!step || step.members.length > maxMembers) continue
    members = step.members
    done.push(step.person)
    if (fact.isMe) myRole = action === 'remove' ? null : step.person.role
  }
  if (done.length === 0) return nothing
  return { next: { ...row, members, myRole }, settings: [], members: [{ action, people: done }] }
}

function applyTo(
  members: GroupMember[],
  member: GroupMember | undefined,
  person: Addresses,
  action: MemberAction,
): { members: GroupMember[]; person: GroupMember } | undefined {
  if (action === 'add') {
    if (member) return undefined
    const added: GroupMember = { ...person, role: 'member' }
    return { members: [...members, added], person: added }
  }
  if (!member) return undefined
  if (action === 'remove') return { members: members.filter((one) => one !== member), person: { ...member, ...person } }
  const role = action === 'promote' ? 'admin' : 'member'
  if (isAdminRole(member.role) === isAdminRole(role)) return undefined
  const changed: GroupMember = { ...member, ...person, role }
  return { members: members.map((one) => (one === member ? changed : one)), person: changed }
}
