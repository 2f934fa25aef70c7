// GET /v1/sessions/{id}/contacts/{contactId}: one person, by phone number, phone jid or LID.
import { toContactView } from '../../../shared/model/contact.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { toJid } from '../../request/address.ts'

export const readContact = (api: Api) =>
  sessionOperation(api, { scope: 'contacts.read' }, async (c, { sessionId }) => {
    await api.sessions.mustExist(sessionId)
    const jid = toJid(c.req.param('contactId') ?? '', 'contactId')
    const contact = await api.store.contacts.resolve(sessionId, [jid])
    if (!contact) throw new Problem('contact.not_found')
    return c.json(toContactView(contact))
  })
