// A message sealed for one device.
import type { BinaryNode } from '@whiskeysockets/baileys'
import { takeBundle } from '../iq/keys.ts'
import type { Address } from '../records.ts'
import { node } from '../server/nodes.ts'
import type { Sealable } from './signal.ts'
import type { Worker } from './worker.ts'

/** Encrypts for one device, starting a session when there is none; undefined when the device has no keys. */
export const encryptFor = async (worker: Worker, to: Address, message: Sealable): Promise<BinaryNode | undefined> => {
  const { exchange, signal } = worker
  const jid = exchange.directory.jid(to, 'lid')
  if (!(await signal.hasSession(jid))) {
    const bundle = takeBundle(exchange, to)
    if (!bundle) return undefined
    await signal.startSession(jid, bundle)
  }
  const enc = await signal.encrypt(jid, message)
  return node('enc', { v: 2, type: enc.type }, enc.ciphertext)
}
