// POST /v1/sessions/{id}/status: a story, for those who are named and nobody else.
import { storiesJid } from '../../../shared/model/jid.ts'
import { PostStory } from '../../../shared/model/message.ts'
import { createMessageId } from '../../../shared/model/message-id.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { toJid } from '../../request/address.ts'
import { WaitQuery } from '../../request/wait.ts'

const maxViewers = 1_000

export const postStory = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'messages.write', body: PostStory, query: WaitQuery },
    async (c, { actor, sessionId, body, query }) => {
      const given = body.viewers?.map((one, i) => toJid(one, `viewers.${i}`))
      await api.sessions.mustExist(sessionId)
      const viewers = given ?? (await api.store.contacts.named(sessionId, maxViewers)).map((one) => one.contactId)
      if (viewers.length === 0)
        throw new Problem('request.invalid', {
          errors: [{ path: 'viewers', message: 'must name somebody: no contact has a name in the address book' }],
        })
      const { command, isDone } = await giveOrder(api, c, {
        actor,
        sessionId,
        kind: 'message.send',
        lane: storiesJid,
        payload: { to: storiesJid, content: { type: 'text', text: body.text }, viewers },
        messageId: createMessageId(),
        body,
        wait: query.wait,
      })
      const answer = { messageId: command.messageId ?? '', commandId: command._id }
      return isDone
        ? c.json({ ...answer, status: 'sent' as const }, 201)
        : c.json({ ...answer, status: 'queued' as const }, 202)
    },
  )
