// The group that a path speaks of, and whether we may do there what is asked.
import { isAdminRole, type Group } from '../../../shared/model/group.ts'
import { isGroupJid } from '../../../shared/model/jid.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { toJid } from '../../request/address.ts'

/** Throws `request.invalid` for what is no group's jid, `group.not_found`. */
export async function findGroup(api: Api, sessionId: string, address: string | undefined): Promise<Group> {
  const groupId = toJid(address ?? '', 'groupId')
  if (!isGroupJid(groupId))
    throw new Problem('request.invalid', { errors: [{ path: 'groupId', message: 'must be the jid of a group' }] })
  const group = await api.store.groups.read(sessionId, groupId)
  if (!group) throw new Problem('group.not_found')
  return group
}

/** The same for a group that we are in. */
export async function findOwnGroup(api: Api, sessionId: string, address: string | undefined): Promise<Group> {
  const group = await findGroup(api, sessionId, address)
  if (group.myRole === null) throw new Problem('group.not_found', { detail: 'This session is in this group no more' })
  return group
}

/** The same where only admins may do it. Throws `group.not_admin`. */
export async function findGroupAsAdmin(
  api: Api,
  sessionId: string,
  address: string | undefined,
  isNeeded: (group: Group) => boolean = () => true,
): Promise<Group> {
  const group = await findOwnGroup(api, sessionId, address)
  if (!isAdminRole(group.myRole) && isNeeded(group)) throw new Problem('group.not_admin')
  return group
}
