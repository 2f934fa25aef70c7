// The post office: everything that one device sends to another passes here. `transact` stores what a stanza changes
// in one commit and only then hands the stanzas on, so that a killed sandbox neither loses nor invents one.
import { type BinaryNode } from '@whiskeysockets/baileys'
import type { MediaServer } from '../media/media-server.ts'
import type { Address, Phone, StanzaKind } from '../records.ts'
import type { Store } from '../store.ts'
import type { Connection, Log } from './connection.ts'
import type { Faults } from './faults.ts'
import { createDirectory } from './jids.ts'
import { node } from './nodes.ts'

export type Exchange = ReturnType<typeof createExchange>

/** What an ack names, short enough for a key: a long queue is then searched without decoding it. */
const labelOf = (kind: StanzaKind, id = '') => `${kind} ${id.slice(0, 64)}`

const keyOf = (address: Address) => `${address.phone}:${address.device}`

export const createExchange = (deps: { store: Store; faults: Faults; media: MediaServer; log: Log }) => {
  const { store, faults, media, log } = deps
  const directory = createDirectory(store)
  const online = new Map<string, Connection>()
  let pending: { to: Address; stanza: BinaryNode }[] | undefined
  let wakePhone: (phone: string) => void = () => {}

  const emit = (connection: Connection, stanza: BinaryNode) => {
    if (connection.address) faults.send(connection, connection.address, stanza)
    else connection.send(stanza)
  }

  const deliver = (to: Address, stanza: BinaryNode) => {
    if (to.device === 0) return wakePhone(to.phone)
    const connection = online.get(keyOf(to))
    if (connection?.active) emit(connection, stanza)
  }

  const exchange = {
    store,
    faults,
    media,
    log,
    directory,
    online: (address: Address): Connection | undefined => online.get(keyOf(address)),
    connections: (): Connection[] => [...online.values()],
    onWork: (wake: (phone: string) => void) => {
      wakePhone = wake
    },
    emit,

    transact: <T>(work: () => T): T => {
      if (pending) return work()
      const deliveries: { to: Address; stanza: BinaryNode }[] = []
      pending = deliveries
      let result: T
      try {
        result = store.commit(work)
      } finally {
        pending = undefined
      }
      for (const { to, stanza } of deliveries) deliver(to, stanza)
      return result
    },

    /** Queues a stanza for a device until it acknowledges it. Only inside `transact`. */
    post: (to: Address, kind: StanzaKind, stanza: BinaryNode) => {
      if (!pending) throw new Error('post() outside of transact()')
      const label = labelOf(kind, stanza.attrs.id)
      store.queue.put([to.phone, to.device, store.nextSeq(), label], { id: stanza.attrs.id ?? '', node: stanza })
      pending.push({ to, stanza })
    },

    /** Takes the oldest matching stanza off a device's queue and returns it. */
    settle: (owner: Address, kind: StanzaKind, id: string, match: (stanza: BinaryNode) => boolean = () => true) => {
      const label = labelOf(kind, id)
      for (const key of store.queue.scan([owner.phone, owner.device])) {
        const row = key[3] === label ? store.queue.get(key) : undefined
        if (row?.id !== id || !match(row.node)) continue
        exchange.transact(() => store.queue.remove(key))
        return row.node
      }
      return undefined
    },

    queued: (owner: Address) => [...store.queue.rows([owner.phone, owner.device])],
    queuedCount: (owner: Address) => store.queue.count([owner.phone, owner.device]),

    /** A device logged in: an older socket of it is told that it was replaced, as the real server does. */
    enter: (connection: Connection, address: Address) => {
      const older = online.get(keyOf(address))
      connection.address = address
      online.set(keyOf(address), connection)
      older?.end(node('stream:error', {}, [node('conflict', { type: 'replaced' })]))
    },

    leave: (connection: Connection) => {
      if (connection.address && online.get(keyOf(connection.address)) === connection) {
        online.delete(keyOf(connection.address))
      }
    },

    /** A companion looked up a number's devices: from now on it hears when they change. */
    watch: (watcher: Address, phone: string) => {
      const key: [string, string, number] = [phone, watcher.phone, watcher.device]
      if (!store.watchers.get(key)) exchange.transact(() => store.watchers.put(key, true))
    },

    savePhone: (phone: Phone) => exchange.transact(() => store.phones.put(phone.phone, phone)),
    count: (phone: string, counter: keyof Phone['counters']) => {
      const record = store.phones.get(phone)
      if (!record) return
      exchange.savePhone({ ...record, counters: { ...record.counters, [counter]: record.counters[counter] + 1 } })
    },
  }
  return exchange
}
