// POST /v1/sessions/{id}/groups: a new group. It is made once or not at all: what is cut short ends as `command.outcome_unknown`.
import * as v from 'valibot'
import { resultOf } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { WaitQuery } from '../../request/wait.ts'
import { People, Subject, toPeople } from './given.ts'

/** WhatsApp's largest group, without ourselves. */
const mostPeople = 1_023
const CreateGroup = v.strictObject({ subject: Subject, participants: v.optional(People(0, mostPeople), []) })

export const createGroup = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'groups.write', body: CreateGroup, query: WaitQuery },
    async (c, { actor, sessionId, body, query }) => {
      const participants = toPeople(body.participants)
      await api.sessions.mustExist(sessionId)
      const { command, isDone } = await giveOrder(api, c, {
        actor,
        sessionId,
        kind: 'group.create',
        lane: 'groups',
        payload: { subject: body.subject, participants },
        body,
        wait: query.wait,
      })
      return isDone
        ? c.json({ commandId: command._id, status: 'done' as const, ...resultOf(command) }, 201)
        : c.json({ commandId: command._id, status: 'queued' as const }, 202)
    },
  )
