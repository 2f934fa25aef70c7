// DELETE /v1/commands/{commandId}: cancels what has not gone.
import { maySeeSession } from '../../../shared/model/api-key.ts'
import { toCommandView } from '../../../shared/model/command.ts'
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'

export const cancelCommand = (api: Api) =>
  operation(api, { scope: 'messages.write' }, async (c, { actor }) => {
    const id = c.req.param('commandId') ?? ''
    const command = await api.store.commands.cancel(id, (found) => maySeeSession(actor, found.sessionId))
    if (command.batchId !== undefined) {
      await api.store.batches.settle({ commandId: command._id, state: 'cancelled' })
      await api.tellBatch(command.batchId)
    }
    return c.json(toCommandView(command))
  })
