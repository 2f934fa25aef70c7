// Privacy settings, and the tokens by which a number tells another that it may write to it: they are handed to the
// other number's companions.
import { randomBytes, randomUUID } from 'node:crypto'
import type { BinaryNode } from '@whiskeysockets/baileys'
import type { Address } from '../records.ts'
import type { Exchange } from '../server/exchange.ts'
import { addressingOf } from '../server/jids.ts'
import { child, children, node, unixSeconds } from '../server/nodes.ts'
import type { Answer } from './answer.ts'

const CATEGORIES = ['readreceipts', 'last', 'online', 'profile', 'status', 'groupadd', 'calladd', 'messages']
const BAD_REQUEST = 400
const TOKEN_BYTES = 16

export const answerPrivacy = (exchange: Exchange, address: Address, iq: BinaryNode): Answer => {
  const { directory } = exchange
  if (iq.attrs.type === 'get') {
    const kept = exchange.store.phones.get(address.phone)?.privacy ?? {}
    const settings = CATEGORIES.map((name) => node('category', { name, value: kept[name] ?? 'all' }))
    return [node('privacy', {}, settings)]
  }
  for (const { attrs } of children(child(iq, 'privacy'), 'category')) {
    const record = exchange.store.phones.get(address.phone)
    if (!record || !attrs.name || !attrs.value || !CATEGORIES.includes(attrs.name)) return BAD_REQUEST
    exchange.savePhone({ ...record, privacy: { ...record.privacy, [attrs.name]: attrs.value } })
  }
  exchange.transact(() => {
    for (const token of children(child(iq, 'tokens'), 'token')) {
      const trusted = directory.resolve(token.attrs.jid)
      if (!trusted) continue
      const account: Address = { phone: address.phone, device: 0 }
      const attrs = {
        type: 'privacy_token',
        id: randomUUID(),
        from: directory.jid(account, addressingOf(token.attrs.jid)),
        sender_lid: directory.jid(account, 'lid'),
        t: unixSeconds(),
      }
      const content = node(
        'token',
        { type: 'trusted_contact', t: token.attrs.t ?? unixSeconds() },
        randomBytes(TOKEN_BYTES),
      )
      for (const device of directory.devices(trusted.phone)) {
        if (device.device === 0) continue
        exchange.post(device, 'notification', node('notification', attrs, [node('tokens', {}, [content])]))
      }
    }
  })
  return []
}
