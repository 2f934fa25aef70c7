// Messages from one device to the others: one stanza in, one stanza per receiving device out. Returns the error code
// of a stanza that the server refuses, and nothing when it took it.
import type { BinaryNode } from '@whiskeysockets/baileys'
import type { Address } from '../records.ts'
import type { Exchange } from './exchange.ts'
import { type Addressing, addressingOf } from './jids.ts'
import { routeGroupMessage } from './groups/route-group-message.ts'
import { child, children, node, unixSeconds } from './nodes.ts'
import { routeStory, STORIES } from './route-story.ts'

/** SMAX_INVALID: the stanza is not one that the server understands. */
const INVALID = 479
const NOT_FOUND = 404

const other = (addressing: Addressing): Addressing => (addressing === 'lid' ? 'pn' : 'lid')

export const routeMessage = (exchange: Exchange, sender: Address, stanza: BinaryNode): number | undefined => {
  const { directory, store } = exchange
  const { id, to, type, edit, category } = stanza.attrs
  if (!id || !to) return INVALID
  if (to.endsWith('@g.us')) return routeGroupMessage(exchange, sender, stanza)
  if (to === STORIES) return routeStory(exchange, sender, stanza)
  if (!/@(lid|s\.whatsapp\.net)$/.test(to)) return NOT_FOUND
  const identity = child(stanza, 'device-identity')
  const copies = children(child(stanza, 'participants'), 'to')
  const direct = children(stanza, 'enc')
  if (copies.length === 0 && direct.length === 0) return INVALID

  const addressing = addressingOf(to)
  const alternative = addressing === 'lid' ? 'pn' : 'lid'
  const account: Address = { phone: sender.phone, device: 0 }

  const stanzaFor = (target: Address, encs: BinaryNode[], chat: string | undefined): BinaryNode => {
    const own = target.phone === sender.phone
    const chatOwner = own ? directory.resolve(chat) : undefined
    const alt = chatOwner && directory.jid({ phone: chatOwner.phone, device: 0 }, other(addressing))
    return node(
      'message',
      {
        from: directory.jid(sender, addressing),
        id,
        type: type ?? 'text',
        t: unixSeconds(),
        notify: store.phones.get(sender.phone)?.name,
        edit,
        category,
        ...(own
          ? { recipient: chat, [`peer_recipient_${alternative}`]: chat && alt }
          : { [`sender_${alternative}`]: stanza.attrs['alone'] ? undefined : directory.jid(account, alternative) }),
      },
      encs.some((enc) => enc.attrs.type === 'pkmsg') && identity ? [...encs, identity] : encs,
    )
  }

  const post = (jid: string | undefined, encs: BinaryNode[], chat: string | undefined) => {
    const target = directory.resolve(jid)
    if (!target || encs.length === 0) return
    if (target.device !== 0 && !store.devices.get([target.phone, target.device])) return
    const isWithheld = stanza.attrs['withheld'] !== undefined && target.device !== 0
    const content = isWithheld ? [node('unavailable', {}, [])] : encs
    exchange.post(target, 'message', stanzaFor(target, content, chat))
  }

  exchange.transact(() => {
    for (const copy of copies) post(copy.attrs.jid, children(copy, 'enc'), to)
    // A resend goes to one device; a peer message to the own phone, in no chat.
    if (direct.length > 0) post(to, direct, category === 'peer' ? undefined : (stanza.attrs.recipient ?? undefined))
  })
  return undefined
}
