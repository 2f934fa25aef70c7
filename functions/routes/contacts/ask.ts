// GET /v1/sessions/{id}/contacts/{contactId}/about and …/picture: asked of WhatsApp, for anybody it knows.
import * as v from 'valibot'
import { isPersonJid } from '../../../shared/model/jid.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { askWhatsapp } from '../../ask.ts'
import { sessionOperation } from '../../operation.ts'
import { toJid } from '../../request/address.ts'

/** Throws `contact.not_found` for what is no person. */
export function toPerson(address: string | undefined): string {
  const jid = toJid(address ?? '', 'contactId')
  if (!isPersonJid(jid)) throw new Problem('contact.not_found')
  return jid
}

export const readAbout = (api: Api) =>
  sessionOperation(api, { scope: 'contacts.read' }, async (c, { actor, sessionId }) => {
    const jid = toPerson(c.req.param('contactId'))
    return c.json(await askWhatsapp(api, c, { actor, sessionId, kind: 'contact.about', payload: { jid } }))
  })

/** `image` is the whole picture. */
const Size = v.strictObject({ size: v.optional(v.picklist(['preview', 'image']), 'image') })

export const readPicture = (api: Api) =>
  sessionOperation(api, { scope: 'contacts.read', query: Size }, async (c, { actor, sessionId, query }) => {
    const payload = { jid: toPerson(c.req.param('contactId')), size: query.size }
    return c.json(await askWhatsapp(api, c, { actor, sessionId, kind: 'contact.picture', payload }))
  })
