// GET /v1/sessions/{id}/messages/search: messages that have every word that is asked for, newest first.
import * as v from 'valibot'
import { Problem } from '../../../shared/model/problem.ts'
import { PageQuery } from '../../../shared/model/page.ts'
import { toTextTokens } from '../../../shared/model/text-tokens.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { toMessageViews } from '../../people.ts'
import { toJid } from '../../request/address.ts'
import { Instant } from './history.ts'
import { ChatIdQuery } from './find-target.ts'

const SearchQuery = v.strictObject({
  ...PageQuery.entries,
  q: v.pipe(v.string(), v.maxLength(200, 'must be at most 200 characters')),
  chatId: ChatIdQuery,
  /** `me`, a phone number or a jid. */
  sender: v.optional(v.pipe(v.string(), v.maxLength(100))),
  type: v.optional(v.pipe(v.string(), v.regex(/^[a-z_]{1,30}$/, 'must be a type of message'))),
  from: v.optional(Instant),
  to: v.optional(Instant),
})

export const searchMessages = (api: Api) =>
  sessionOperation(api, { scope: 'messages.read', query: SearchQuery }, async (c, { sessionId, query }) => {
    const { q, limit, cursor, type, chatId, sender } = query
    const tokens = toTextTokens(q)
    if (tokens.length === 0)
      throw new Problem('request.invalid', { errors: [{ path: 'q', message: 'must have a word' }] })
    await api.sessions.mustExist(sessionId)
    const chat = chatId === undefined ? undefined : await api.lanes.of(sessionId, toJid(chatId, 'chatId'))
    const senders = sender === undefined ? undefined : await formsOf(api, sessionId, sender)
    const page = await api.store.messages.search(sessionId, {
      tokens,
      limit,
      cursor,
      type,
      chatId: chat,
      senders,
      after: query.from,
      before: query.to,
    })
    return c.json({ data: await toMessageViews(api, sessionId, page.data), nextCursor: page.nextCursor })
  })

/** However the sender of a message may be written. */
async function formsOf(api: Api, sessionId: string, sender: string): Promise<string[]> {
  if (sender === 'me') return ['me']
  const jid = toJid(sender, 'sender')
  const contact = await api.store.contacts.resolve(sessionId, [jid])
  return contact?.jids ?? [jid]
}
