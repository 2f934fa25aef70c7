// PUT and DELETE /v1/sessions/{id}/contacts/{contactId}/block; GET …/blocklist: as WhatsApp has it now.
import { phoneOf, toPhoneJid } from '../../../shared/model/jid.ts'
import { Problem } from '../../../shared/model/problem.ts'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { askWhatsapp } from '../../ask.ts'
import { sessionOperation } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { WaitQuery } from '../../request/wait.ts'
import { toPerson } from './ask.ts'

export const blockContact = (api: Api, blocked: boolean) =>
  sessionOperation(api, { scope: 'contacts.write', query: WaitQuery }, async (c, { actor, sessionId, query }) => {
    const session = await api.sessions.mustRead(sessionId)
    const jid = toPerson(c.req.param('contactId'))
    const own = [session.phone && toPhoneJid(session.phone), session.lid?.replace(/:\d+(?=@)/, '')]
    if (own.includes(jid)) throw new Problem('contact.self')
    const payload = { jid, blocked }
    const order = { actor, sessionId, kind: 'contact.block' as const, lane: 'blocklist', payload, body: { blocked } }
    return answerOrder(c, await giveOrder(api, c, { ...order, wait: query.wait }), { contactId: jid })
  })

export const readBlocklist = (api: Api) =>
  sessionOperation(api, { scope: 'contacts.read' }, async (c, { actor, sessionId }) => {
    const answer = await askWhatsapp(api, c, { actor, sessionId, kind: 'blocklist.read', payload: {} })
    const people = answer['data'] as string[][]
    const toRow = (jids: string[]) => ({
      jid: jids[0],
      lid: jids.find((jid) => jid.endsWith('@lid')),
      phone: jids.map(phoneOf).find((phone) => phone !== undefined),
    })
    return c.json({ data: people.map(toRow), nextCursor: null })
  })
