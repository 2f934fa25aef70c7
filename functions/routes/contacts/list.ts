// GET /v1/sessions/{id}/contacts: people, never groups, by name.
import * as v from 'valibot'
import { toContactView } from '../../../shared/model/contact.ts'
import { PageQuery } from '../../../shared/model/page.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'

export const listContacts = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'contacts.read', query: v.strictObject(PageQuery.entries) },
    async (c, { sessionId, query }) => {
      await api.sessions.mustExist(sessionId)
      const page = await api.store.contacts.page(sessionId, query)
      return c.json({ data: page.data.map(toContactView), nextCursor: page.nextCursor })
    },
  )
