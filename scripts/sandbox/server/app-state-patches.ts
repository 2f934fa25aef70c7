// App state as the server sees it: numbered, encrypted patches per collection, told to the account's other devices.
import { randomUUID } from 'node:crypto'
import { proto, S_WHATSAPP_NET } from '@whiskeysockets/baileys'
import type { Address } from '../records.ts'
import type { Exchange } from './exchange.ts'
import { node, unixSeconds } from './nodes.ts'

export const headOf = (exchange: Exchange, phone: string, name: string): number =>
  exchange.store.patches.keys([phone, name]).at(-1)?.[2] ?? 0

export const patchesAfter = (exchange: Exchange, phone: string, name: string, version: number): Buffer[] =>
  [...exchange.store.patches.rows([phone, name], { after: version })].map(({ value }) => value)

/**
 * Puts the next patch of a collection, or refuses it (`undefined`) when it was made on another version than the newest.
 * Clients do not number their patches: the server does.
 */
export const appendPatch = (
  exchange: Exchange,
  author: Address,
  name: string,
  madeOn: number,
  patch: Uint8Array,
): number | undefined => {
  if (headOf(exchange, author.phone, name) !== madeOn) return undefined
  const version = madeOn + 1
  const decoded = proto.SyncdPatch.decode(patch)
  decoded.version = proto.SyncdVersion.create({ version })
  const numbered = proto.SyncdPatch.encode(decoded).finish()
  exchange.transact(() => {
    exchange.store.patches.put([author.phone, name, version], Buffer.from(numbered))
    announce(exchange, author, name, version)
  })
  return version
}

/** Only inside `transact`. */
const announce = (exchange: Exchange, author: Address, name: string, version: number): void => {
  for (const other of exchange.directory.devices(author.phone)) {
    if (other.device === author.device || other.device === 0) continue
    const attrs = { type: 'server_sync', id: randomUUID(), from: S_WHATSAPP_NET, t: unixSeconds() }
    exchange.post(other, 'notification', node('notification', attrs, [node('collection', { name, version })]))
  }
}

const spoiledPatches = new WeakMap<Exchange, Map<string, Buffer>>()

/** The first companion that asks for the newest patch of a collection is given this in its place. */
export const spoilNewest = (exchange: Exchange, phone: string, name: string, patch: Uint8Array): void => {
  const all = spoiledPatches.get(exchange) ?? new Map<string, Buffer>()
  spoiledPatches.set(exchange, all.set(`${phone}/${name}`, Buffer.from(patch)))
}

export const takeSpoiled = (exchange: Exchange, phone: string, name: string): Buffer | undefined => {
  const patch = spoiledPatches.get(exchange)?.get(`${phone}/${name}`)
  if (patch) spoiledPatches.get(exchange)?.delete(`${phone}/${name}`)
  return patch
}

type Held = { madeOn: number; patch: Uint8Array }
const heldPatches = new WeakMap<Exchange, Map<string, Held>>()

/** A patch that the phone will have made in the very moment in which a companion sends one of its own: a conflict. */
export const holdPatch = (exchange: Exchange, phone: string, name: string, held: Held): void => {
  const all = heldPatches.get(exchange) ?? new Map<string, Held>()
  heldPatches.set(exchange, all.set(`${phone}/${name}`, held))
}

export const releaseHeld = (exchange: Exchange, phone: string, name: string): void => {
  const held = heldPatches.get(exchange)?.get(`${phone}/${name}`)
  if (!held) return
  heldPatches.get(exchange)?.delete(`${phone}/${name}`)
  appendPatch(exchange, { phone, device: 0 }, name, held.madeOn, held.patch)
}
