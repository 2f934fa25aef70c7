// App state as the server sees it: numbered, encrypted patches per collection, told to the account's other devices.
import { randomUUID } from 'node:crypto'
import { type BinaryNode, S_WHATSAPP_NET } from '@whiskeysockets/baileys'
import type { Address } from '../records.ts'
import type { Exchange } from '../server/exchange.ts'
import { bytesOf, child, children, node, unixSeconds } from '../server/nodes.ts'
import type { Answer } from './answer.ts'

const BAD_REQUEST = 400

const patchesAfter = (exchange: Exchange, phone: string, name: string, version: number): Buffer[] =>
  [...exchange.store.patches.rows([phone, name], { after: version })].map(({ value }) => value)

export const answerAppState = (exchange: Exchange, address: Address, iq: BinaryNode): Answer => {
  const sync = child(iq, 'sync')
  if (!sync) return BAD_REQUEST
  const answers = children(sync, 'collection').map((collection) => {
    const name = collection.attrs.name ?? ''
    const version = Number(collection.attrs.version ?? 0) || 0
    const patch = bytesOf(collection, 'patch')
    if (!patch) {
      const patches = patchesAfter(exchange, address.phone, name, version)
      return node('collection', { name, version }, [
        node(
          'patches',
          {},
          patches.map((bytes) => node('patch', {}, bytes)),
        ),
      ])
    }
    const newer = patchesAfter(exchange, address.phone, name, version)
    if (newer.length > 0) {
      // Made on an old version: the client must catch up first.
      return node('collection', { name, version, type: 'error' }, [node('error', { code: 409, text: 'conflict' })])
    }
    exchange.transact(() => {
      exchange.store.patches.put([address.phone, name, version + 1], patch)
      for (const other of exchange.directory.devices(address.phone)) {
        if (other.device === address.device || other.device === 0) continue
        const attrs = { type: 'server_sync', id: randomUUID(), from: S_WHATSAPP_NET, t: unixSeconds() }
        exchange.post(
          other,
          'notification',
          node('notification', attrs, [node('collection', { name, version: version + 1 })]),
        )
      }
    })
    return node('collection', { name, version: version + 1 }, [])
  })
  return [node('sync', {}, answers)]
}
