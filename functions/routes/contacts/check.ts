// POST /v1/sessions/{id}/contacts/check: which of these numbers are on WhatsApp.
import * as v from 'valibot'
import type { Api } from '../../deps.ts'
import { askWhatsapp } from '../../ask.ts'
import { sessionOperation } from '../../operation.ts'
import { toPhone } from '../../request/address.ts'

/** WhatsApp answers for many at once; more look like a search for victims. */
const maxPhones = 50

export const CheckContacts = v.strictObject({
  phones: v.pipe(
    v.array(v.pipe(v.string(), v.maxLength(100))),
    v.minLength(1, 'must have at least one'),
    v.maxLength(maxPhones, `must have at most ${maxPhones}`),
  ),
})

export const checkContacts = (api: Api) =>
  sessionOperation(api, { scope: 'contacts.read', body: CheckContacts }, async (c, { actor, sessionId, body }) => {
    const phones = [...new Set(body.phones.map((phone, i) => toPhone(phone, `phones.${i}`)))]
    return c.json(await askWhatsapp(api, c, { actor, sessionId, kind: 'contacts.check', payload: { phones } }))
  })
