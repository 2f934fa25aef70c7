// The shapes that the door's group routes accept. Unknown fields are refused.
import * as v from 'valibot'

const MAX_PARTICIPANTS = 1024
const LONGEST_SUBJECT = 100
const LONGEST_DESCRIPTION = 2048

const Somebody = v.pipe(v.string(), v.minLength(1), v.maxLength(64))
const People = v.pipe(v.array(Somebody), v.maxLength(MAX_PARTICIPANTS))
const Subject = v.pipe(v.string(), v.minLength(1), v.maxLength(LONGEST_SUBJECT))

export const NewGroup = v.strictObject({ owner: Somebody, subject: Subject, participants: v.optional(People, []) })
export const ChangeMembers = v.strictObject({
  by: Somebody,
  action: v.picklist(['add', 'remove', 'promote', 'demote']),
  participants: People,
})
export const SetGroup = v.strictObject({
  by: Somebody,
  subject: v.optional(Subject),
  /** Empty removes it. */
  description: v.optional(v.pipe(v.string(), v.maxLength(LONGEST_DESCRIPTION))),
  announce: v.optional(v.boolean()),
  locked: v.optional(v.boolean()),
  joinApproval: v.optional(v.boolean()),
  ephemeralSeconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  memberAddMode: v.optional(v.picklist(['admin_add', 'all_member_add'])),
  newInvite: v.optional(v.boolean()),
})
export const JoinGroup = v.strictObject({ phone: Somebody, code: v.optional(v.pipe(v.string(), v.maxLength(100))) })
export const DecideRequests = v.strictObject({
  by: Somebody,
  action: v.picklist(['approve', 'reject']),
  participants: People,
})
export const ShownAs = v.strictObject({ as: v.picklist(['both', 'lid', 'pn']) })
export const GroupAdd = v.strictObject({ allowed: v.boolean() })
