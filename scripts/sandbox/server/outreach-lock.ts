// The lock on an account's writing to new contacts: what the server says of it, asked or by itself. Its wire form is
// what Baileys reads (rc14, Socket/socket.js and messages-recv.js); that the real server writes it so is assumed.
import { randomUUID } from 'node:crypto'
import { type BinaryNode, S_WHATSAPP_NET } from '@whiskeysockets/baileys'
import type { Address, Phone } from '../records.ts'
import type { Exchange } from './exchange.ts'
import { node, unixSeconds } from './nodes.ts'

/** The answer's shape and the notification's; without a lock the real server's are assumed to be this short. */
const toWords = (lock: Phone['outreachLock']) => ({
  is_active: lock !== undefined,
  ...(lock?.until === undefined ? {} : { time_enforcement_ends: String(lock.until) }),
  ...(lock ? { enforcement_type: 'DEFAULT' } : {}),
})

export const describeLock = (exchange: Exchange, { phone }: Address): object => ({
  xwa2_fetch_account_reachout_timelock: toWords(exchange.store.phones.get(phone)?.outreachLock),
})

/** Changes an account's lock, and tells its companions unless it is changed `silently`. */
export const setLock = (exchange: Exchange, record: Phone, lock: Phone['outreachLock'], silently: boolean): void => {
  const { directory } = exchange
  const data = { xwa2_notify_account_reachout_timelock: toWords(lock) }
  const update = (): BinaryNode =>
    node('update', { op_name: 'NotificationUserReachoutTimelockUpdate' }, Buffer.from(JSON.stringify({ data })))
  exchange.transact(() => {
    const { outreachLock: _, ...rest } = record
    exchange.savePhone(lock ? { ...rest, outreachLock: lock } : rest)
    if (silently) return
    for (const device of directory.devices(record.phone)) {
      if (device.device === 0) continue
      const attrs = { type: 'mex', id: randomUUID(), from: S_WHATSAPP_NET, t: unixSeconds() }
      exchange.post(device, 'notification', node('notification', attrs, [update()]))
    }
  })
}
