// What we do in groups. Whoever it concerns hears of it from WhatsApp, and so do we: rows and events come from there.
import { recordGroups } from '../../record/record-groups.ts'
import { isSamePerson, type GroupMember } from '../../../../shared/model/group.ts'
import type { ProblemCode } from '../../../../shared/model/problem.ts'
import { refusalOf, type MemberAnswer } from '../../../whatsapp/groups.ts'
import { toAddresses, type Addresses } from '../../../../shared/model/person.ts'
import { done, type Act, type ActContext, type Acts, type Outcome } from './act.ts'

type Action = 'add' | 'remove' | 'promote' | 'demote' | 'approve' | 'reject'

/** What became of one person. */
type MemberOutcome = Addresses & { outcome: string; inviteCode?: string; inviteExpiresAt?: Date }

const doneWords: Record<Action, string> = {
  add: 'added',
  remove: 'removed',
  promote: 'promoted',
  demote: 'demoted',
  approve: 'approved',
  reject: 'rejected',
}

/** WhatsApp's codes of one person (observed in rc14's `status`; what is not listed is `refused`). */
function toWord(action: Action, { code, invite }: MemberAnswer): string {
  if (code === undefined) return doneWords[action]
  if (invite) return 'invited'
  if (code === 409) return 'already'
  if (code === 404)
    return action === 'add'
      ? 'not_on_whatsapp'
      : action === 'approve' || action === 'reject'
        ? 'no_request'
        : 'not_member'
  return 'refused'
}

/** Named in every form that we or the group's row know. */
function toOutcome(
  { connection }: ActContext,
  action: Action,
  answer: MemberAnswer,
  members: readonly GroupMember[] = [],
): MemberOutcome {
  const person = toAddresses(connection.identify(answer.jid))
  const { role: _role, ...known } = members.find((one) => isSamePerson(one, person)) ?? { role: 'member' }
  return {
    ...known,
    ...person,
    outcome: toWord(action, answer),
    ...(answer.invite ? { inviteCode: answer.invite.code, inviteExpiresAt: answer.invite.expiresAt } : {}),
  }
}

const failed = (code: ProblemCode, reason: string): Outcome => ({ outcome: 'failed', code, reason })

/** WhatsApp's refusal of the whole. Whether we are no admin or not in it at all its code does not tell: our row does. */
async function refused(context: ActContext, groupId: string | undefined, code: number): Promise<Outcome> {
  const row = groupId === undefined ? null : await context.store.groups.read(context.sessionId, groupId)
  if (code === 404 || ((code === 401 || code === 403) && row?.myRole == null))
    return failed('group.not_found', 'This session is in no such group')
  if (code === 401 || code === 403) return failed('group.not_admin', 'WhatsApp lets only admins do that')
  return failed('command.failed', `WhatsApp refused it (${code})`)
}

/** An act on one group whose refusals by WhatsApp are its outcome; anything else is tried again. */
const onGroup =
  <
    K extends
      | 'group.update'
      | 'group.participants'
      | 'group.leave'
      | 'group.invite'
      | 'group.renew_invite'
      | 'group.requests'
      | 'group.decide_requests',
  >(
    work: Act<K>,
  ): Act<K> =>
  async (context, command) => {
    try {
      return await work(context, command)
    } catch (error) {
      const code = refusalOf(error)
      if (code === undefined) throw error
      return refused(context, command.payload.groupId, code)
    }
  }

const inviteResult = (code: string | undefined): Outcome =>
  code === undefined
    ? failed('command.failed', 'WhatsApp gave no invite')
    : { outcome: 'done', result: { code, url: `https://chat.whatsapp.com/${code}` } }

type GroupKinds =
  | 'group.create'
  | 'group.update'
  | 'group.participants'
  | 'group.leave'
  | 'group.join'
  | 'group.invite'
  | 'group.renew_invite'
  | 'group.requests'
  | 'group.decide_requests'

export const groupActs: Acts<GroupKinds> = {
  'group.create': async (context, { payload: { subject, participants } }) => {
    try {
      const { state, refused: notIn } = await context.connection.groups.create(subject, participants)
      // Who is told of its id finds it. WhatsApp's own word of it changes nothing then.
      await recordGroups(context, { kind: 'group-state', groups: [state], isAll: false })
      const others = state.members
        .filter((one) => !one.isMe)
        .map((one) => ({ ...toAddresses(one.jids), outcome: 'added' }))
      const result = { groupId: state.groupId, subject: state.subject }
      const missing = notIn.map((one) => toOutcome(context, 'add', one))
      return { outcome: 'done', result: { ...result, participants: [...others, ...missing] } }
    } catch (error) {
      const code = refusalOf(error)
      if (code === undefined) throw error
      return failed('command.failed', `WhatsApp refused it (${code})`)
    }
  },
  'group.update': onGroup<'group.update'>(async ({ connection }, { payload: { groupId, settings } }) => {
    await connection.groups.change(groupId, settings)
    return done
  }),
  'group.participants': onGroup<'group.participants'>(async (context, { payload }) => {
    const { groupId, action, participants } = payload
    // Before: who is removed stands in the row no more.
    const row = await context.store.groups.read(context.sessionId, groupId)
    const answers = await context.connection.groups.changeMembers(groupId, action, participants)
    return {
      outcome: 'done',
      result: { participants: answers.map((one) => toOutcome(context, action, one, row?.members)) },
    }
  }),
  'group.leave': onGroup<'group.leave'>(async ({ connection, store, sessionId }, { payload: { groupId, forget } }) => {
    const row = await store.groups.read(sessionId, groupId)
    if (row === null || row.myRole !== null) await connection.groups.leave(groupId)
    if (forget) await store.groups.remove(sessionId, groupId)
    return done
  }),
  'group.join': async (context, { payload: { code } }) => {
    try {
      const joined = await context.connection.groups.join(code)
      if (joined.outcome === 'joined') await context.connection.groups.refresh(joined.groupId)
      return { outcome: 'done', result: joined }
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal === undefined) throw error
      if (refusal === 409) return failed('group.already_member', 'This session is in the group already')
      return failed('group.invite_invalid', `WhatsApp does not take this invite (${refusal})`)
    }
  },
  'group.invite': onGroup<'group.invite'>(async ({ connection }, { payload: { groupId } }) =>
    inviteResult(await connection.groups.inviteCode(groupId)),
  ),
  'group.renew_invite': onGroup<'group.renew_invite'>(async ({ connection }, { payload: { groupId } }) =>
    inviteResult(await connection.groups.renewInvite(groupId)),
  ),
  'group.requests': onGroup<'group.requests'>(async ({ connection }, { payload: { groupId } }) => {
    const requests = await connection.groups.requests(groupId)
    const data = requests.map(({ at, method, ...fact }) => ({ ...toAddresses(fact.jids), requestedAt: at, method }))
    return { outcome: 'done', result: { data } }
  }),
  'group.decide_requests': onGroup<'group.decide_requests'>(async (context, { payload }) => {
    const { groupId, action, participants } = payload
    const answers = await context.connection.groups.decide(groupId, action, participants)
    return { outcome: 'done', result: { participants: answers.map((one) => toOutcome(context, action, one)) } }
  }),
}
