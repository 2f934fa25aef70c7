// What an account shows of itself and whom it blocks: pictures (as an address only), the words below the name, the blocklist.
import { randomUUID } from 'node:crypto'
import { type BinaryNode } from '@whiskeysockets/baileys'
import type { Address, Phone } from '../records.ts'
import type { Exchange } from '../server/exchange.ts'
import { bytesOf, child, node, unixSeconds } from '../server/nodes.ts'
import type { Answer } from './answer.ts'

const BAD_REQUEST = 400
const NOT_FOUND = 404
export const DEFAULT_ABOUT = 'Hey there! I am pretending.'

const save = (exchange: Exchange, phone: string, change: Partial<Phone>) => {
  const record = exchange.store.phones.get(phone)
  if (record) exchange.savePhone({ ...record, ...change })
}

/** Told to the account's companions, but not to the one that did it. */
const tellOwn = (exchange: Exchange, author: Address, content: BinaryNode) => {
  for (const device of exchange.directory.devices(author.phone)) {
    if (device.device === 0 || device.device === author.device) continue
    const from = exchange.directory.jid({ phone: author.phone, device: 0 }, 'pn')
    const attrs = { type: 'account_sync', id: randomUUID(), from, t: unixSeconds() }
    exchange.post(device, 'notification', node('notification', attrs, [content]))
  }
}

export const block = (exchange: Exchange, author: Address, who: string, blocked: boolean): void =>
  exchange.transact(() => {
    const list = (exchange.store.phones.get(author.phone)?.blocked ?? []).filter((one) => one !== who)
    save(exchange, author.phone, { blocked: blocked ? [...list, who] : list })
    const jid = exchange.directory.jid({ phone: who, device: 0 }, 'lid')
    tellOwn(exchange, author, node('blocklist', {}, [node('item', { jid, action: blocked ? 'block' : 'unblock' })]))
  })

/** Another picture, or none: whoever looked up this number's devices hears of it. */
export const changePicture = (exchange: Exchange, phone: string, pictureUrl: string | undefined): void =>
  exchange.transact(() => {
    const record = exchange.store.phones.get(phone)
    if (!record) return
    const { pictureUrl: _old, ...rest } = record
    exchange.savePhone(pictureUrl === undefined ? rest : { ...rest, pictureUrl })
    const from = exchange.directory.jid({ phone, device: 0 }, 'lid')
    for (const [, watcher, device] of exchange.store.watchers.keys([phone])) {
      const attrs = { type: 'picture', id: randomUUID(), from, t: unixSeconds() }
      const what = node(pictureUrl === undefined ? 'delete' : 'set', { id: unixSeconds(), hash: 'sandbox' })
      exchange.post({ phone: watcher, device }, 'notification', node('notification', attrs, [what]))
    }
  })

export const answerBlocklist = (exchange: Exchange, address: Address, iq: BinaryNode): Answer => {
  const { directory, store } = exchange
  if (iq.attrs.type === 'get') {
    const listed = store.phones.get(address.phone)?.blocked ?? []
    return [
      node(
        'list',
        {},
        listed.map((phone) => node('item', { jid: directory.jid({ phone, device: 0 }, 'lid') })),
      ),
    ]
  }
  const item = child(iq, 'item')
  const who = directory.resolve(item?.attrs.jid)
  // The real server wants the LID, and to block the number too (rc14, Socket/chats.js updateBlockStatus).
  if (!item || !who || !item.attrs.jid?.endsWith('@lid')) return BAD_REQUEST
  if (item.attrs.action === 'block' && directory.resolve(item.attrs.pn_jid)?.phone !== who.phone) return BAD_REQUEST
  block(exchange, address, who.phone, item.attrs.action === 'block')
  return []
}

const FORBIDDEN = 401

/** Whoever may change what a group says of itself may change its picture. */
const setGroupPicture = (exchange: Exchange, by: Address, id: string, given: Buffer | undefined): Answer => {
  const group = exchange.store.groups.get(id)
  const member = group?.members.find(({ phone }) => phone === by.phone)
  if (!group) return NOT_FOUND
  if (!member || (group.locked && member.role === 'member')) return FORBIDDEN
  exchange.transact(() => exchange.store.groups.put(id, { ...group, pictureBytes: given?.length ?? 0 }))
  return []
}

export const answerPicture = (exchange: Exchange, address: Address, iq: BinaryNode): Answer => {
  const asked = exchange.directory.resolve(iq.attrs.target) ?? address
  if (iq.attrs.type === 'get') {
    const url = exchange.store.phones.get(asked.phone)?.pictureUrl
    if (url === undefined) return NOT_FOUND
    return [node('picture', { id: '1', type: child(iq, 'picture')?.attrs.type ?? 'preview', url })]
  }
  const given = bytesOf(iq, 'picture')
  if (iq.attrs.target?.endsWith('@g.us')) return setGroupPicture(exchange, address, iq.attrs.target, given)
  changePicture(exchange, address.phone, given && `https://pictures.invalid/${address.phone}/${given.length}`)
  return []
}

export const answerStatus = (exchange: Exchange, address: Address, iq: BinaryNode): Answer => {
  const about = bytesOf(iq, 'status')
  if (iq.attrs.type !== 'set' || !about) return BAD_REQUEST
  save(exchange, address.phone, { about: about.toString() })
  return []
}
