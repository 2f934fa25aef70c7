// Whether somebody may act as an admin in a group, by what our row says.
import { isAdminRole, isSamePerson } from '../../../shared/model/group.ts'
import { toAddresses } from '../../../shared/model/person.ts'
import type { Jids } from '../../whatsapp/facts.ts'
import type { RecordContext } from './context.ts'

/** What we do ourselves WhatsApp has let through already. */
export async function isAdminHere(
  { store, sessionId }: Pick<RecordContext, 'store' | 'sessionId'>,
  chat: Jids,
  by: 'me' | Jids,
): Promise<boolean> {
  if (by === 'me') return true
  const group = await store.groups.read(sessionId, chat[0])
  const person = toAddresses(by)
  return isAdminRole(group?.members.find((one) => isSamePerson(one, person))?.role)
}
