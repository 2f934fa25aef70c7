// GET /v1/sessions/{id}/messages/{messageId}: one message with its status history and reactions.
import * as v from 'valibot'
import type { Command } from '../../../shared/model/command.ts'
import { isSamePerson } from '../../../shared/model/group.ts'
import type { Message } from '../../../shared/model/message.ts'
import { toQueuedMessage } from '../../../shared/model/queued-message.ts'
import { listReceipts } from '../../../shared/model/receipts.ts'
import type { Api } from '../../deps.ts'
import { toMessageViews, withBothAddresses } from '../../people.ts'
import { sessionOperation } from '../../operation.ts'
import { ChatIdQuery, findTarget } from './find-target.ts'

export const readMessage = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'messages.read', query: v.strictObject({ chatId: ChatIdQuery }) },
    async (c, { sessionId, query }) => {
      await api.sessions.mustExist(sessionId)
      const target = await findTarget(api, sessionId, c.req.param('messageId'), query.chatId)
      const row = 'row' in target ? target.row : toAccepted(target.command)
      const [view] = await toMessageViews(api, sessionId, [row])
      return c.json({ ...view, receipts: row.receipts && (await receiptsOf(api, row)) })
    },
  )

/** With both addresses of whoever is in the group or among the contacts. */
async function receiptsOf(api: Api, { sessionId, chatId, receipts = {} }: Message) {
  const { members = [] } = (await api.store.groups.read(sessionId, chatId)) ?? {}
  const named = listReceipts(receipts).map((one) => {
    const { lid, phone } = members.find((member) => isSamePerson(member, one)) ?? {}
    return { ...(lid === undefined ? {} : { lid }), ...(phone === undefined ? {} : { phone }), ...one }
  })
  return withBothAddresses(api, sessionId, named)
}

/** A message as it is before its owner has made its row. */
function toAccepted(command: Command<'message.send'>): Message {
  const { lane, state, finishedAt, error } = command
  const queued = toQueuedMessage(command, lane)
  if (state !== 'failed' && state !== 'cancelled' && state !== 'expired') return queued
  return {
    ...queued,
    status: 'failed',
    statusTimes: { ...queued.statusTimes, ...(finishedAt ? { failed: finishedAt } : {}) },
    error: { code: error?.code ?? `command.${state}`, reason: error?.reason ?? state },
  }
}
