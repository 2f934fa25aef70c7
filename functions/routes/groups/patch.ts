// PATCH /v1/sessions/{id}/groups/{groupId}: what it says of itself, and what it allows.
import * as v from 'valibot'
import type { GroupSettings } from '../../../shared/model/group.ts'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { WaitQuery } from '../../request/wait.ts'
import { findGroupAsAdmin } from './find-group.ts'
import { Description, Subject } from './given.ts'

/** What WhatsApp's apps offer: never, a day, a week, 90 days. */
const ephemeralChoices = [0, 86_400, 604_800, 7_776_000] as const

const PatchGroup = v.pipe(
  v.strictObject({
    subject: v.optional(Subject),
    /** Empty removes it. */
    description: v.optional(Description),
    announce: v.optional(v.boolean()),
    locked: v.optional(v.boolean()),
    ephemeralSeconds: v.optional(v.picklist(ephemeralChoices, `must be one of ${ephemeralChoices.join(', ')}`)),
    memberAddMode: v.optional(v.picklist(['admin_add', 'all_member_add'])),
    joinApproval: v.optional(v.boolean()),
  }),
  v.check((body) => Object.keys(body).length > 0, 'must name what to change'),
)

/** What everybody may change as long as the group is not locked. */
const forMembers = new Set<string>(['subject', 'description', 'ephemeralSeconds'] satisfies (keyof GroupSettings)[])

export const patchGroup = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'groups.write', body: PatchGroup, query: WaitQuery },
    async (c, { actor, sessionId, body, query }) => {
      await api.sessions.mustExist(sessionId)
      const isForAdmins = Object.keys(body).some((name) => !forMembers.has(name))
      const { groupId } = await findGroupAsAdmin(
        api,
        sessionId,
        c.req.param('groupId'),
        ({ locked }) => locked || isForAdmins,
      )
      const settings = Object.fromEntries(
        Object.entries(body).filter(([, value]) => value !== undefined),
      ) as Partial<GroupSettings>
      const outcome = await giveOrder(api, c, {
        actor,
        sessionId,
        kind: 'group.update',
        lane: groupId,
        payload: { groupId, settings },
        body,
        wait: query.wait,
      })
      return answerOrder(c, outcome, { groupId })
    },
  )
