// A message to a group: what everybody reads once for all, and to each device the key for it if it was given one. The
// server looks at who may write and at nothing else.
import type { BinaryNode } from '@whiskeysockets/baileys'
import type { Address } from '../../records.ts'
import type { Exchange } from '../exchange.ts'
import { child, children, node, unixSeconds } from '../nodes.ts'
import { isAdmin, isMember, NOT_FOUND, FORBIDDEN } from './group-book.ts'

const INVALID = 479

const keyOf = ({ phone, device }: Address): string => `${phone}:${device}`

/** The code of the refusal, or nothing. */
export const routeGroupMessage = (exchange: Exchange, sender: Address, stanza: BinaryNode): number | undefined => {
  const { directory, store } = exchange
  const { id, to, type, edit, participant } = stanza.attrs
  const group = store.groups.get(to ?? '')
  if (!group || !id) return NOT_FOUND
  if (!isMember(group, sender.phone)) return FORBIDDEN
  const encs = children(stanza, 'enc')
  if (encs.length === 0) return INVALID
  const identity = child(stanza, 'device-identity')
  const { jid, pn } = directory.named(sender)
  const attrs = {
    from: group.id,
    participant: jid,
    participant_pn: pn,
    addressing_mode: jid.endsWith('@lid') ? 'lid' : 'pn',
    id,
    type: type ?? 'text',
    t: unixSeconds(),
    notify: store.phones.get(sender.phone)?.name,
    edit,
  }
  const withIdentity = (content: BinaryNode[]) =>
    content.some((enc) => enc.attrs.type === 'pkmsg') && identity ? [...content, identity] : content
  const isAnnouncement = group.announce && !isAdmin(group, sender.phone)

  if (participant) {
    // Sent again, to the one device that asked.
    const target = directory.resolve(participant)
    if (!target || !isMember(group, target.phone)) return NOT_FOUND
    exchange.transact(() => exchange.post(target, 'message', node('message', attrs, withIdentity(encs))))
    return undefined
  }
  // Reactions and the like are for everybody also there; the server cannot tell more than the type.
  if (isAnnouncement && type !== 'reaction') return FORBIDDEN
  const keys = new Map<string, BinaryNode[]>()
  for (const copy of children(child(stanza, 'participants'), 'to')) {
    const target = directory.resolve(copy.attrs.jid)
    if (target) keys.set(keyOf(target), children(copy, 'enc'))
  }
  exchange.transact(() => {
    for (const { phone } of group.members) {
      for (const target of directory.devices(phone)) {
        if (keyOf(target) === keyOf(sender)) continue
        const content = [...(keys.get(keyOf(target)) ?? []), ...encs]
        exchange.post(target, 'message', node('message', attrs, withIdentity(content)))
      }
    }
  })
  return undefined
}
