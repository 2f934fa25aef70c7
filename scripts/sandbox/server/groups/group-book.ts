// The groups: kept, looked up, and every change told to the companions of everybody whom it concerns.
import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import type { BinaryNode } from '@whiskeysockets/baileys'
import type { Group } from '../../records.ts'
import type { Exchange } from '../exchange.ts'
import { node, unixSeconds } from '../nodes.ts'

/** The codes of the server's refusals. */
export const FORBIDDEN = 403
export const NOT_FOUND = 404

export type GroupBook = ReturnType<typeof createGroupBook>

export const newInviteCode = (): string => randomBytes(16).toString('base64url').replace(/[-_]/g, 'x')

export const isMember = (group: Group, phone: string): boolean => group.members.some((one) => one.phone === phone)
export const isAdmin = (group: Group, phone: string): boolean =>
  group.members.some((one) => one.phone === phone && one.role !== 'member')

export const createGroupBook = (exchange: Exchange) => {
  const { store, directory } = exchange
  return {
    exchange,
    get: (id: string | undefined): Group | undefined => (id === undefined ? undefined : store.groups.get(id)),
    of: (phone: string): Group[] =>
      store.groupsOf.keys([phone]).flatMap(([, id]) => {
        const group = store.groups.get(id)
        return group ? [group] : []
      }),
    byInvite: (code: string): Group | undefined =>
      store.groups
        .all()
        .map((id) => store.groups.get(id))
        .find((group) => group?.inviteCode === code),
    newId: (): string => `120363${String(randomInt(1e12)).padStart(12, '0')}@g.us`,

    /** Stores the group and who is in it; whoever is in it no more is forgotten. Only inside `transact`. */
    save: (group: Group, gone: readonly string[] = []) => {
      store.groups.put(group.id, group)
      for (const { phone } of group.members) store.groupsOf.put([phone, group.id], true)
      for (const phone of gone) store.groupsOf.remove([phone, group.id])
    },
    /** One notification to every companion of these numbers. Only inside `transact`. */
    announce: (group: Group, by: string, change: BinaryNode, to: readonly string[]) => {
      const { jid, pn } = directory.named({ phone: by, device: 0 })
      const attrs = {
        from: group.id,
        type: 'w:gp2',
        id: randomUUID().replaceAll('-', '').toUpperCase(),
        t: unixSeconds(),
        participant: jid,
        participant_pn: pn,
        notify: store.phones.get(by)?.name,
        addressing_mode: 'lid',
      }
      for (const phone of new Set(to)) {
        for (const device of directory.devices(phone)) {
          if (device.device !== 0) exchange.post(device, 'notification', node('notification', attrs, [change]))
        }
      }
    },
  }
}

export const phonesOf = (group: Group): string[] => group.members.map(({ phone }) => phone)
