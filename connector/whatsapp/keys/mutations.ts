// What one commit changes: per type and id a value, or `null` for gone. Encoded once, at the moment of the change.
import { BufferJSON, proto } from '@whiskeysockets/baileys'
import type { Encoded } from '../../../shared/store/key-commit.ts'

export { mergeEncoded, packEncoded, unpackEncoded, type Encoded } from '../../../shared/store/key-commit.ts'

/** `undefined` never stands in it; `null` deletes. */
export type Mutations = Record<string, Record<string, unknown>>

export function encodeMutations(mutations: Mutations): Encoded {
  const encoded: Encoded = new Map()
  for (const [type, values] of Object.entries(mutations))
    for (const [id, value] of Object.entries(values))
      encoded.set(`${type}\n${id}`, {
        type,
        id,
        json: value === null || value === undefined ? null : encodeValue(value),
      })
  return encoded
}

export function encodeValue(value: unknown): string {
  return JSON.stringify(value, BufferJSON.replacer)
}

export function decodeValue(type: string, json: string): unknown {
  const value: unknown = JSON.parse(json, BufferJSON.reviver)
  // protobuf's toJSON turns keyData into base64 text; without this app state patches carry wrong MACs
  // (observed 2026-11, Baileys 7.0.0-rc14).
  if (type === 'app-state-sync-key')
    return proto.Message.AppStateSyncKeyData.fromObject(value as Record<string, unknown>)
  return value
}
