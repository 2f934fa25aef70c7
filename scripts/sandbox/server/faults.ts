// Trouble on request. A fault without `after` happens at once to every device it is aimed at; with `after` it waits
// until that many further stanzas (messages, receipts, notifications, acks of messages) were sent to one device.
import { type BinaryNode, S_WHATSAPP_NET } from '@whiskeysockets/baileys'
import type { Address } from '../records.ts'
import type { Connection } from './connection.ts'
import { node, unixSeconds } from './nodes.ts'

/** What is done to a connection, and what changes how the server answers. */
export const STRIKES = ['drop', 'half-open', 'stream-503', 'replaced'] as const
export const FAULT_KINDS = [...STRIKES, 'http-503', 'nack', 'delay', 'no-offline', 'qr-refresh'] as const
type Strike = (typeof STRIKES)[number]

export type Fault = {
  id: number
  kind: (typeof FAULT_KINDS)[number]
  phone?: string | undefined
  device?: number | undefined
  /** Stanzas to let pass, per device, before it happens. */
  after?: number | undefined
  /** How often it happens; endless for delay. */
  times: number
  /** nack: the error code of the ack. */
  code: number
  /** delay: how long every stanza waits. */
  ms: number
}
export type Faults = ReturnType<typeof createFaults>

const COUNTED = new Set(['message', 'receipt', 'notification'])
const counts = (stanza: BinaryNode): boolean =>
  COUNTED.has(stanza.tag) || (stanza.tag === 'ack' && stanza.attrs.class === 'message')

const strike = (kind: Strike, connection: Connection): void => {
  switch (kind) {
    case 'drop':
      return connection.drop()
    case 'half-open':
      return connection.freeze()
    case 'stream-503':
      return connection.end(node('stream:error', { code: 503 }))
    case 'replaced':
      return connection.end(node('stream:error', {}, [node('conflict', { type: 'replaced' })]))
  }
}
const isStrike = (kind: Fault['kind']): kind is Strike => (STRIKES as readonly string[]).includes(kind)

const aimedAt = (fault: Fault, address: Address): boolean =>
  (fault.phone === undefined || fault.phone === address.phone) &&
  (fault.device === undefined || fault.device === address.device)

export const createFaults = () => {
  let armed: Fault[] = []
  let lastId = 0
  const passed = new Map<string, number>()

  const spend = (fault: Fault) => {
    fault.times--
    if (fault.times <= 0) armed = armed.filter((other) => other !== fault)
  }
  /** The first armed fault of a kind whose `after` has run out at this device; it is then spent once. */
  const take = (kind: Fault['kind'], address: Address | undefined): Fault | undefined => {
    for (const fault of armed) {
      if (fault.kind !== kind || (address && !aimedAt(fault, address))) continue
      const key = `${fault.id}:${address?.phone}:${address?.device}`
      const seen = passed.get(key) ?? 0
      if (seen < (fault.after ?? 0)) {
        passed.set(key, seen + 1)
        continue
      }
      passed.delete(key)
      spend(fault)
      return fault
    }
    return undefined
  }

  return {
    list: () => armed,
    clear: (connections: Connection[]) => {
      armed = []
      passed.clear()
      for (const connection of connections) connection.delayMs = 0
    },

    /** Arms a fault, or lets it happen now; says to how many connections it happened. */
    add: (wanted: Omit<Fault, 'id'>, connections: Connection[], unlinked: Connection[]): Fault & { fired: number } => {
      const fault: Fault = { ...wanted, id: ++lastId }
      const targets = connections.filter(({ address }) => address && aimedAt(fault, address))
      let fired = 0
      if (fault.kind === 'qr-refresh') {
        for (const connection of unlinked) {
          connection.send(
            node(
              'notification',
              {
                type: 'companion_reg_refresh',
                from: S_WHATSAPP_NET,
                id: `refresh-${fault.id}-${connection.id}`,
                t: unixSeconds(),
              },
              [node('pair-device-rotate-qr')],
            ),
          )
        }
        return { ...fault, fired: unlinked.length }
      }
      if (fault.kind === 'delay') for (const connection of targets) connection.delayMs = fault.ms
      if (isStrike(fault.kind) && fault.after === undefined) {
        for (const connection of targets) strike(fault.kind, connection)
        fired = targets.length
        fault.times--
      }
      if (fault.times > 0) armed.push(fault)
      return { ...fault, fired }
    },

    /** Sends a stanza to a linked device, and does to its connection what is due after it. */
    send: (connection: Connection, address: Address, stanza: BinaryNode) => {
      connection.send(stanza)
      if (!counts(stanza)) return
      for (const fault of armed) {
        if (!isStrike(fault.kind) || !aimedAt(fault, address)) continue
        const key = `${fault.id}:${address.phone}:${address.device}`
        const seen = (passed.get(key) ?? 0) + 1
        passed.set(key, seen)
        if (seen < (fault.after ?? 0)) continue
        passed.delete(key)
        spend(fault)
        strike(fault.kind, connection)
        return
      }
    },

    refusesUpgrade: (): boolean => take('http-503', undefined) !== undefined,
    nackFor: (sender: Address): number | undefined => take('nack', sender)?.code,
    skipsOffline: (address: Address): boolean => take('no-offline', address) !== undefined,
    delayFor: (address: Address): number =>
      armed.find((fault) => fault.kind === 'delay' && aimedAt(fault, address))?.ms ?? 0,
  }
}
