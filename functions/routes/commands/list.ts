// GET /v1/commands: the outbox, newest first; of one session with `?sessionId=`.
import * as v from 'valibot'
import { commandStates, toCommandView } from '../../../shared/model/command.ts'
import { PageQuery } from '../../../shared/model/page.ts'
import { SessionId } from '../../../shared/model/session.ts'
import type { Api } from '../../deps.ts'
import { authorizeSession, operation } from '../../operation.ts'

const CommandsQuery = v.strictObject({
  ...PageQuery.entries,
  sessionId: v.optional(SessionId),
  state: v.optional(v.picklist(commandStates)),
})

export const listCommands = (api: Api) =>
  operation(api, { scope: 'messages.read', query: CommandsQuery }, async (c, { actor, query }) => {
    const { sessionId } = query
    if (sessionId !== undefined) {
      await authorizeSession(api, actor, sessionId, 'messages.read')
      await api.sessions.mustExist(sessionId)
    }
    const page =
      sessionId === undefined
        ? await api.store.commands.recent(actor.sessions, query)
        : await api.store.commands.page(sessionId, query)
    return c.json({ data: page.data.map(toCommandView), nextCursor: page.nextCursor })
  })
