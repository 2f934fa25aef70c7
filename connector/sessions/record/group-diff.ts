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
  const members = openMembers(row.members)
  let { myRole } = row
  const done: GroupMember[] = []
  for (const fact of people) {
    const changed = applyTo(
      members,
      { ...toAddresses(fact.jids), ...(fact.isMe ? { isMe: true as const } : {}) },
      action,
    )
    if (!changed) continue
    done.push(changed)
    if (fact.isMe) myRole = action === 'remove' ? null : changed.role
  }
  if (done.length === 0) return nothing
  return { next: { ...row, members: members.all(), myRole }, settings: [], members: [{ action, people: done }] }
}

/** Members that change one by one, of whom there may be thousands: found by their names, kept in their order. */
function openMembers(given: readonly GroupMember[]) {
  const places = new Map<string, number>()
  const rows: (GroupMember | undefined)[] = []
  let size = 0
  const formsOf = ({ lid, phone }: Addresses) => [lid, phone].filter((form) => form !== undefined)
  const placeOf = (person: Addresses) =>
    formsOf(person)
      .map((form) => places.get(form))
      .find((at) => at !== undefined)
  function put(member: GroupMember): void {
    const at = placeOf(member) ?? rows.length
    if (!rows[at]) size += 1
    rows[at] = member
    for (const form of formsOf(member)) places.set(form, at)
  }
  for (const member of given) put(member)
  return {
    put,
    size: () => size,
    all: () => rows.filter((one) => one !== undefined),
    find: (person: Addresses) => rows[placeOf(person) ?? -1],
    remove(member: GroupMember): void {
      const at = placeOf(member)
      if (at === undefined) return
      size -= 1
      rows[at] = undefined
      for (const form of formsOf(member)) places.delete(form)
    },
  }
}

/** The person as they are now, or `undefined` when it is so already. */
function applyTo(
  members: ReturnType<typeof openMembers>,
  person: Addresses & { isMe?: true },
  action: MemberAction,
): GroupMember | undefined {
  const member = members.find(person)
  if (action === 'add') {
    if (member || members.size() >= maxMembers) return undefined
    const added: GroupMember = { ...person, role: 'member' }
    members.put(added)
    return added
  }
  if (!member) return undefined
  if (action === 'remove') {
    members.remove(member)
    return { ...member, ...person }
  }
  const role = action === 'promote' ? 'admin' : 'member'
  if (isAdminRole(member.role) === isAdminRole(role)) return undefined
  const changed: GroupMember = { ...member, ...person, role }
  members.put(changed)
  return changed
}
