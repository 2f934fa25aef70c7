// One pretend phone at work: it does one thing after the other, in one queue, and never waits for that queue from
// within it. What it has received stays on its queue in the store until its consequence is stored too.
import { EventEmitter } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { BinaryNode } from '@whiskeysockets/baileys'
import type { Address, Phone } from '../records.ts'
import type { Exchange } from '../server/exchange.ts'
import { receiveMessage } from './receive-message.ts'
import { receiveReceipt } from './receive-receipt.ts'
import { createPhoneSignal } from './signal.ts'
import type { Worker } from './worker.ts'

/** Stanzas taken per turn, so that what the door asks does not wait for a whole burst. */
const BATCH = 20

export const createPhoneWorker = (exchange: Exchange, phone: Phone): Worker => {
  const self: Address = { phone: phone.phone, device: 0 }
  let tail: Promise<unknown> = Promise.resolve()
  let awake = false

  const worker: Worker = {
    exchange,
    self,
    signal: createPhoneSignal(exchange.store, phone),
    changed: new EventEmitter().setMaxListeners(0),
    verifiedIdentities: new Set(),
    record: () => exchange.store.phones.get(phone.phone) ?? phone,
    run: (job) => {
      const result = tail.then(job).finally(() => worker.signal.discard())
      // A job's failure belongs to whoever asked for it; the next job starts all the same.
      tail = result.catch(() => undefined)
      return result
    },
    wake: () => {
      if (awake) return
      awake = true
      void worker.run(work).catch((error: unknown) => {
        exchange.log.warn({ phone: phone.phone, error: String(error) }, 'a pretend phone stumbled')
      })
    },
  }

  const consume = async (stanza: BinaryNode, remove: () => void): Promise<void> => {
    switch (stanza.tag) {
      case 'message':
        return receiveMessage(worker, stanza, remove)
      case 'receipt':
        return receiveReceipt(worker, stanza, remove)
      default:
        return exchange.transact(remove)
    }
  }

  const work = async () => {
    awake = false
    const { queue } = exchange.store
    const rows = [...queue.rows([self.phone, 0], { limit: BATCH })]
    for (const { key, value } of rows) {
      const remove = () => queue.remove(key)
      try {
        await consume(value.node, remove)
      } catch (error) {
        // A stanza that breaks the phone would break it again on every start: note it and let it go.
        exchange.log.warn({ phone: self.phone, id: value.id, error: String(error) }, 'a stanza was given up')
        worker.signal.discard()
        exchange.transact(remove)
      }
      worker.changed.emit('changed')
      // Clients must get a word in between two messages of a burst.
      await nextTurn()
    }
    if (rows.length === BATCH) worker.wake()
  }
  return worker
}
