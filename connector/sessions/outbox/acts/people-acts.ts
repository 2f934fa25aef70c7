// Questions about people.
import type { Acts } from './act.ts'

type PeopleKind = 'contacts.check' | 'contact.about' | 'contact.picture' | 'contact.addresses'

export const peopleActs: Acts<PeopleKind> = {
  'contacts.check': async ({ connection }, { payload: { phones } }) => {
    const found = await connection.people.amongWhatsapp(phones)
    const result = { data: phones.map((phone) => ({ phone, isOnWhatsapp: found.has(phone) })) }
    return { outcome: 'done', result }
  },
  'contact.about': async ({ connection }, { payload: { jid } }) => ({
    outcome: 'done',
    result: await connection.people.about(jid),
  }),
  'contact.picture': async ({ connection }, { payload: { jid, size } }) => ({
    outcome: 'done',
    result: { url: await connection.people.pictureUrl(jid, size) },
  }),
  'contact.addresses': async ({ connection }, { payload: { jid } }) => ({
    outcome: 'done',
    result: await connection.people.bothAddresses(jid),
  }),
}
