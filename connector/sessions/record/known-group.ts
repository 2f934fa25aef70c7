// A group's row as sending needs it.
import type { Group } from '../../../shared/model/group.ts'
import { toPhoneJid } from '../../../shared/model/jid.ts'
import type { Jids } from '../../whatsapp/facts.ts'
import type { KnownGroup } from '../../whatsapp/group-cache.ts'

export function toKnownGroup({ addressing, ephemeralSeconds, members }: Group): KnownGroup {
  return {
    addressing,
    ephemeralSeconds,
    members: members.flatMap(({ lid, phone }) => {
      const jids = [lid, phone === undefined ? undefined : toPhoneJid(phone)].filter((jid) => jid !== undefined)
      return jids.length > 0 ? [{ jids: jids as unknown as Jids }] : []
    }),
  }
}
