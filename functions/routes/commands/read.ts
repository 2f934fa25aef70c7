// GET /v1/commands/{commandId}: one order and its outcome.
import { maySeeSession } from '../../../shared/model/api-key.ts'
import { toCommandView } from '../../../shared/model/command.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'

export const readCommand = (api: Api) =>
  operation(api, { scope: 'messages.read' }, async (c, { actor }) => {
    const command = await api.store.commands.read(c.req.param('commandId') ?? '')
    if (!command || !maySeeSession(actor, command.sessionId)) throw new Problem('command.not_found')
    return c.json(toCommandView(command))
  })
