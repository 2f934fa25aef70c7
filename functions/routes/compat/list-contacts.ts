// GET /contacts/{sessionId}: people, never groups. Document 1, word for word.
import { toContactView, type Contact } from '../../../shared/model/contact.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'

/** Read in pages of this many; the answer holds at most `longest`. */
const pageSize = 1_000
const longest = 20_000

export const listCompatContacts = (api: Api) =>
  sessionOperation(api, { scope: 'contacts.read' }, async (c, { sessionId }) => {
    await api.sessions.mustExist(sessionId)
    const contacts: Contact[] = []
    let cursor: string | undefined
    do {
      const page = await api.store.contacts.page(sessionId, { limit: pageSize, cursor })
      contacts.push(...page.data)
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined && contacts.length < longest)
    return c.json({ contacts: contacts.map(toCompatContact) })
  })

function toCompatContact(contact: Contact) {
  const { jid, name, notify, verifiedName, isGroup, sessionId } = toContactView(contact)
  return { jid, name: name ?? notify ?? verifiedName, notify, verifiedName, isGroup, sessionId }
}
