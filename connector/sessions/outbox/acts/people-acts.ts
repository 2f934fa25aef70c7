// Questions about people.
import type { Acts } from './act.ts'

export const peopleActs: Acts<'contacts.check'> = {
  'contacts.check': async ({ connection }, { payload: { phones } }) => {
    const found = await connection.people.amongWhatsapp(phones)
    const result = { data: phones.map((phone) => ({ phone, isOnWhatsapp: found.has(phone) })) }
    return { outcome: 'done', result }
  },
}
