// Who is on WhatsApp, under which LID, with which devices. A LID is told only to those who asked by number: asked by
// LID it would be taken for an invalid mapping (observed 2026-11, Baileys 7.0.0-rc14).
import { type BinaryNode, jidNormalizedUser } from '@whiskeysockets/baileys'
import type { Address } from '../records.ts'
import type { Exchange } from '../server/exchange.ts'
import { SERVER } from '../server/jids.ts'
import { bytesOf, child, children, node, unixSeconds } from '../server/nodes.ts'
import { DEFAULT_ABOUT } from './account.ts'
import type { Answer } from './answer.ts'

const BAD_REQUEST = 400

export const answerUsync = (exchange: Exchange, asker: Address, iq: BinaryNode): Answer => {
  const { directory, store } = exchange
  const usync = child(iq, 'usync')
  if (!usync) return BAD_REQUEST
  const asked = new Set(children(child(usync, 'query')).map(({ tag }) => tag))

  const describe = (user: BinaryNode): BinaryNode => {
    const number = bytesOf(user, 'contact')?.toString().replace(/\D/g, '')
    const jid = user.attrs.jid ? jidNormalizedUser(user.attrs.jid) : `${number ?? ''}@${SERVER}`
    const found = directory.resolve(jid)
    const told: BinaryNode[] = []
    if (asked.has('contact')) told.push(node('contact', { type: found ? 'in' : 'out' }))
    if (found) {
      if (asked.has('devices')) {
        exchange.watch(asker, found.phone)
        const devices = directory
          .devices(found.phone)
          .map(({ phone, device }) =>
            node('device', { id: device, 'key-index': store.devices.get([phone, device])?.keyIndex }),
          )
        told.push(
          node('devices', {}, [node('device-list', {}, devices), node('key-index-list', { ts: unixSeconds() })]),
        )
      }
      if (asked.has('lid') && jid.endsWith(SERVER)) {
        told.push(node('lid', { val: directory.jid({ phone: found.phone, device: 0 }, 'lid') }))
      }
      if (asked.has('status'))
        told.push(
          node('status', { t: unixSeconds() }, Buffer.from(store.phones.get(found.phone)?.about ?? DEFAULT_ABOUT)),
        )
      if (asked.has('disappearing_mode')) told.push(node('disappearing_mode', { duration: 0, t: 0 }))
    }
    return node('user', { jid }, told)
  }

  const users = children(child(usync, 'list'), 'user').map(describe)
  return [node('usync', { sid: usync.attrs.sid }, [node('result', {}, []), node('list', {}, users)])]
}
