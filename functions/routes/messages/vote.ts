// POST /v1/sessions/{id}/messages/{messageId}/poll-vote: what we choose; none withdraws it.
import * as v from 'valibot'
import { VoteInPoll } from '../../../shared/model/message.ts'
import type { Poll } from '../../../shared/model/poll.ts'
import { Problem } from '../../../shared/model/problem.ts'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { Wait } from '../../request/wait.ts'
import { ChatIdQuery, findAnswerable } from './find-target.ts'

export const voteInPoll = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'messages.write', body: VoteInPoll, query: v.strictObject({ chatId: ChatIdQuery, wait: Wait }) },
    async (c, { actor, sessionId, body: { options }, query }) => {
      await api.sessions.mustExist(sessionId)
      const row = await findAnswerable(api, sessionId, c.req.param('messageId'), query.chatId, 'poll')
      if (row.poll) refuseUnknown(row.poll, options)
      const { chatId, messageId, sender } = row
      const outcome = await giveOrder(api, c, {
        actor,
        sessionId,
        kind: 'message.vote',
        lane: chatId,
        payload: { chatId, targetId: messageId, targetSender: sender, options },
        body: { options },
        wait: query.wait,
      })
      return answerOrder(c, outcome, { messageId })
    },
  )

/** Throws `poll.option_unknown` and `request.invalid` for more than one voter may choose. */
function refuseUnknown(poll: Poll, options: readonly string[]): void {
  const i = options.findIndex((option) => !poll.options.includes(option))
  if (i !== -1)
    throw new Problem('poll.option_unknown', { errors: [{ path: `options.${i}`, message: 'is not an option of it' }] })
  if (poll.selectable > 0 && options.length > poll.selectable)
    throw new Problem('request.invalid', {
      errors: [{ path: 'options', message: `must have at most ${poll.selectable}` }],
    })
}
