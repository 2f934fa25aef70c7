// What our own rows know to be refused when a message goes to a group: WhatsApp is not asked for it.
import { toAddresses } from '../../../shared/model/person.ts'
import { isAdminRole, isSamePerson } from '../../../shared/model/group.ts'
import { isGroupJid } from '../../../shared/model/jid.ts'
import { Problem, type FieldFault } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { withBothAddresses } from '../../people.ts'

/** Throws `group.not_found`, `group.not_admin`, `message.mention_outside`. A group that is not known yet is left to WhatsApp. */
export async function checkGroup(
  api: Api,
  sessionId: string,
  to: string,
  mentions: readonly string[] = [],
): Promise<void> {
  if (!isGroupJid(to)) return
  const group = await api.store.groups.read(sessionId, to)
  if (!group) return
  if (group.myRole === null) throw new Problem('group.not_found', { detail: 'This session is in this group no more' })
  if (group.announce && !isAdminRole(group.myRole))
    throw new Problem('group.not_admin', { detail: 'Only admins may write in this group' })
  const named = await withBothAddresses(
    api,
    sessionId,
    mentions.map((jid) => toAddresses([jid])),
  )
  const errors = named.flatMap((person, i): FieldFault[] => {
    const isThere = group.members.some((one) => isSamePerson(one, person))
    return isThere ? [] : [{ path: `mentions.${i}`, message: 'is not in this group' }]
  })
  if (errors.length > 0) throw new Problem('message.mention_outside', { errors })
}
