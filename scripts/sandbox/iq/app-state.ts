// A companion's questions about app state: what is new in its collections, and patches of its own. A patch that was made
// on an old version is refused, and what the companion has missed comes with the refusal.
import { type BinaryNode } from '@whiskeysockets/baileys'
import type { Address } from '../records.ts'
import { appendPatch, patchesAfter, releaseHeld, takeSpoiled } from '../server/app-state-patches.ts'
import type { Exchange } from '../server/exchange.ts'
import { bytesOf, child, children, node } from '../server/nodes.ts'
import type { Answer } from './answer.ts'

const BAD_REQUEST = 400

export const answerAppState = (exchange: Exchange, address: Address, iq: BinaryNode): Answer => {
  const sync = child(iq, 'sync')
  if (!sync) return BAD_REQUEST
  const answers = children(sync, 'collection').map((collection) => {
    const name = collection.attrs.name ?? ''
    const version = Number(collection.attrs.version ?? 0) || 0
    const patch = bytesOf(collection, 'patch')
    const spoiled = patch ? undefined : takeSpoiled(exchange, address.phone, name)
    const missed = () =>
      node(
        'patches',
        {},
        patchesAfter(exchange, address.phone, name, version).map((bytes, i, all) =>
          node('patch', {}, i === all.length - 1 ? (spoiled ?? bytes) : bytes),
        ),
      )
    // A snapshot is a file on WhatsApp's media servers; all patches since the first one say the same.
    if (!patch) return node('collection', { name, version }, [missed()])
    releaseHeld(exchange, address.phone, name)
    const made = appendPatch(exchange, address, name, version, patch)
    if (made !== undefined) return node('collection', { name, version: made }, [])
    return node('collection', { name, version, type: 'error' }, [
      missed(),
      node('error', { code: 409, text: 'conflict' }),
    ])
  })
  return [node('sync', {}, answers)]
}
