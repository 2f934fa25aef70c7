// Who is in which group, at hand for sending: without it rc14 asks WhatsApp before every message to a group. Kept in
// memory across reconnects, taken from our rows when it is not there, from WhatsApp when they do not have it either.
import { WAMessageAddressingMode, type GroupMetadata } from '@whiskeysockets/baileys'
import { createGrowingCache } from '../growing-cache.ts'
import type { GroupChange, GroupState, Jids, PersonFact } from './facts.ts'

/** What sending needs to know of a group. */
export type KnownGroup = Pick<GroupState, 'addressing' | 'ephemeralSeconds'> & { members: readonly { jids: Jids }[] }

export type GroupCache = ReturnType<typeof createGroupCache>

const maxGroups = 1_000

export function createGroupCache() {
  const groups = createGrowingCache<KnownGroup>(maxGroups)

  return {
    get: (groupId: string): KnownGroup | undefined => groups.get(groupId),
    set: (groupId: string, group: KnownGroup): void => void groups.set(groupId, group),
    /** At once, so that the next message goes to who is there now; a group that is not at hand is read anew anyway. */
    change(groupId: string, change: GroupChange): void {
      const group = groups.get(groupId)
      if (!group) return
      if (change.type === 'settings') {
        const { ephemeralSeconds = group.ephemeralSeconds } = change.settings
        groups.set(groupId, { ...group, ephemeralSeconds })
      }
      if (change.type !== 'members') return
      const { action, people } = change
      if (action === 'remove' && people.some((one) => one.isMe)) return void groups.delete(groupId)
      if (action !== 'add' && action !== 'remove') return
      const named = new Set(people.flatMap(({ jids }) => jids))
      const others = group.members.filter(({ jids }) => !jids.some((jid) => named.has(jid)))
      groups.set(groupId, { ...group, members: action === 'add' ? [...others, ...people] : others })
    },
  }
}

/** In the form in which rc14 reads it when it sends (Socket/messages-send.js relayMessage). */
export function toMetadata(groupId: string, { addressing, ephemeralSeconds, members }: KnownGroup): GroupMetadata {
  const server = addressing === 'lid' ? '@lid' : '@s.whatsapp.net'
  const idOf = ({ jids }: Pick<PersonFact, 'jids'>) => jids.find((jid) => jid.endsWith(server)) ?? jids[0]
  return {
    id: groupId,
    subject: '',
    owner: undefined,
    addressingMode: addressing === 'lid' ? WAMessageAddressingMode.LID : WAMessageAddressingMode.PN,
    participants: members.map((one) => ({ id: idOf(one) })),
    ...(ephemeralSeconds > 0 ? { ephemeralDuration: ephemeralSeconds } : {}),
  }
}
