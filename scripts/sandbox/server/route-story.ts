// A story goes to whom its author names, each device with the key for it. Which of an account's contacts WhatsApp's own
// server lets see it is not known here (*assumed*: those the author's device has sealed it for).
import type { BinaryNode } from '@whiskeysockets/baileys'
import type { Address } from '../records.ts'
import type { Exchange } from './exchange.ts'
import { child, children, node, unixSeconds } from './nodes.ts'

export const STORIES = 'status@broadcast'
const INVALID = 479

/** The code of the refusal, or nothing. */
export const routeStory = (exchange: Exchange, sender: Address, stanza: BinaryNode): number | undefined => {
  const { directory, store } = exchange
  const { id, type, participant } = stanza.attrs
  const encs = children(stanza, 'enc')
  if (!id || encs.length === 0) return INVALID
  const identity = child(stanza, 'device-identity')
  const attrs = {
    from: STORIES,
    participant: directory.jid(sender, 'lid'),
    participant_pn: directory.jid({ phone: sender.phone, device: 0 }, 'pn'),
    id,
    type: type ?? 'text',
    t: unixSeconds(),
    notify: store.phones.get(sender.phone)?.name,
  }
  const post = (jid: string | undefined, content: BinaryNode[]) => {
    const target = directory.resolve(jid)
    if (!target || (target.device !== 0 && !store.devices.get([target.phone, target.device]))) return
    const isFirst = content.some((enc) => enc.attrs.type === 'pkmsg')
    exchange.post(target, 'message', node('message', attrs, isFirst && identity ? [...content, identity] : content))
  }
  exchange.transact(() => {
    // Sent again, to the one device that asked; or to everybody it was sealed for.
    if (participant) return post(participant, encs)
    for (const copy of children(child(stanza, 'participants'), 'to'))
      post(copy.attrs.jid, [...children(copy, 'enc'), ...encs])
  })
  return undefined
}
