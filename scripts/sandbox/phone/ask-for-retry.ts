// A phone that cannot decrypt a message says so with a retry receipt that carries fresh keys, up to five times for one
// message, and counts it.
import { type BinaryNode, encodeBigEndian } from '@whiskeysockets/baileys'
import { takeBundle } from '../iq/keys.ts'
import { node } from '../server/nodes.ts'
import { routeReceipt } from '../server/route-receipt.ts'
import type { Worker } from './worker.ts'

const MAX_RETRIES = 5

export const askForRetry = (worker: Worker, stanza: BinaryNode, remove: () => void): void => {
  const { exchange, self } = worker
  const { id = '', from, t, recipient, participant } = stanza.attrs
  const key: [string, string, string] = [self.phone, 'retry', `${participant ?? from} ${id}`]
  const count = Number(exchange.store.signal.get(key) ?? 0) + 1
  exchange.transact(() => {
    remove()
    exchange.count(self.phone, 'failedDecryptions')
    exchange.store.signal.put(key, count)
    const bundle = count <= MAX_RETRIES ? takeBundle(exchange, self) : undefined
    if (!bundle?.preKey) return
    const { signedPreKey, preKey } = bundle
    routeReceipt(
      worker.exchange,
      worker.self,
      node('receipt', { id, to: from, type: 'retry', recipient, participant }, [
        node('retry', { count, id, t, v: 1, error: 0 }),
        node('registration', {}, encodeBigEndian(bundle.registrationId)),
        node('keys', {}, [
          node('type', {}, Buffer.from([5])),
          node('identity', {}, bundle.identity),
          node('key', {}, [node('id', {}, encodeBigEndian(preKey.keyId, 3)), node('value', {}, preKey.public)]),
          node('skey', {}, [
            node('id', {}, encodeBigEndian(signedPreKey.keyId, 3)),
            node('value', {}, signedPreKey.public),
            node('signature', {}, signedPreKey.signature),
          ]),
        ]),
      ]),
    )
  })
}
