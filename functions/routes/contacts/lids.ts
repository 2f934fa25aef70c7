// GET /v1/sessions/{id}/lids/{lid} and …/lids?phone=: one person's two addresses. What we do not know, WhatsApp is asked.
import * as v from 'valibot'
import { parseJid, phoneOf, toLidJid, toPhoneJid } from '../../../shared/model/jid.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { askWhatsapp } from '../../ask.ts'
import { sessionOperation, type AppContext } from '../../operation.ts'
import type { Actor } from '../../../shared/model/api-key.ts'
import { toPhone } from '../../request/address.ts'

type Asked = { actor: Actor; sessionId: string; jid: string }

async function answer(api: Api, c: AppContext, { actor, sessionId, jid }: Asked) {
  await api.sessions.mustExist(sessionId)
  const contact = await api.store.contacts.resolve(sessionId, [jid])
  if (contact?.lid && contact.phone) return { lid: contact.lid, phone: contact.phone }
  const told = await askWhatsapp(api, c, { actor, sessionId, kind: 'contact.addresses', payload: { jid } })
  const { lid, phone } = told as { lid: string | null; phone: string | null }
  if (lid === null || phone === null) throw new Problem('contact.not_found')
  return { lid, phone }
}

export const readLid = (api: Api) =>
  sessionOperation(api, { scope: 'contacts.read' }, async (c, { actor, sessionId }) => {
    const text = c.req.param('lid') ?? ''
    const jid = text.includes('@') ? text : toLidJid(text)
    if (parseJid(jid)?.kind !== 'lid' || phoneOf(jid) !== undefined)
      throw new Problem('request.invalid', { errors: [{ path: 'lid', message: 'must be a LID' }] })
    return c.json(await answer(api, c, { actor, sessionId, jid }))
  })

const ByPhone = v.strictObject({ phone: v.pipe(v.string(), v.minLength(1), v.maxLength(100)) })

export const findLid = (api: Api) =>
  sessionOperation(api, { scope: 'contacts.read', query: ByPhone }, async (c, { actor, sessionId, query }) =>
    c.json(await answer(api, c, { actor, sessionId, jid: toPhoneJid(toPhone(query.phone, 'phone')) })),
  )
