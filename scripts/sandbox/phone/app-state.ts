// What a phone changes of its account by app state (archived, pinned, labels, names …), and what its companions changed,
// decrypted. Every MAC is checked: a patch that does not hold is counted.
import { randomBytes } from 'node:crypto'
import {
  type ChatModification,
  chatModificationToAppPatch,
  decodePatches,
  encodeSyncdPatch,
  newLTHashState,
  proto,
  type WAPatchCreate,
  type WAPatchName,
} from '@whiskeysockets/baileys'
import { appendPatch, headOf, holdPatch, patchesAfter, spoilNewest } from '../server/app-state-patches.ts'
import type { Worker } from './worker.ts'

export const COLLECTIONS: readonly WAPatchName[] = [
  'critical_block',
  'critical_unblock_low',
  'regular_high',
  'regular_low',
  'regular',
]

/** As the phone's own app would say it; `lock` is a change that companions never make. */
export type AppStateChange = ChatModification | { lock: boolean }
export type AppStateEntry = { collection: string; index: string[]; value: Record<string, unknown> }

const toPatch = (change: AppStateChange, jid: string): WAPatchCreate =>
  'lock' in change
    ? {
        syncAction: { timestamp: Date.now(), lockChatAction: { locked: change.lock } },
        index: ['lock', jid],
        type: 'regular_low',
        apiVersion: 7,
        operation: proto.SyncdMutation.SyncdOperation.SET,
      }
    : chatModificationToAppPatch(change, jid)

const read = async (worker: Worker, name: WAPatchName) => {
  const { appStateKey } = worker.record()
  const own = appStateKey.keyId.toString('base64')
  const key = (id: string) =>
    Promise.resolve(id === own ? proto.Message.AppStateSyncKeyData.create({ keyData: appStateKey.keyData }) : undefined)
  let wrong = 0
  const count = () => {
    wrong += 1
  }
  const quiet = { level: 'silent', child: () => quiet, trace() {}, debug() {}, info() {}, warn: count, error: count }
  const patches = patchesAfter(worker.exchange, worker.self.phone, name, 0).map((bytes) =>
    proto.SyncdPatch.decode(bytes),
  )
  const decoded = await decodePatches(name, patches, newLTHashState(), key, {}, undefined, quiet)
  return { ...decoded, wrong, key, own }
}

export type Spoil = 'bytes' | 'value' | 'key' | 'mac'

/** No patch at all, one that cannot be opened, one under a key that nobody was given, one whose MAC does not fit. */
const spoil = (patch: proto.ISyncdPatch, version: number, how: Spoil): Uint8Array => {
  if (how === 'bytes') return Buffer.from('0a7f00', 'hex')
  const odd = proto.SyncdPatch.fromObject({ ...patch, version: { version } })
  if (how === 'mac') odd.patchMac = Buffer.from(odd.patchMac ?? []).map((byte) => byte ^ 1)
  for (const { record } of odd.mutations) {
    if (!record) continue
    if (how === 'key') record.keyId = { id: randomBytes(6) }
    if (how === 'value') record.value = { blob: Buffer.from(record.value?.blob ?? []).subarray(1) }
  }
  if (how === 'key') odd.keyId = { id: randomBytes(6) }
  return proto.SyncdPatch.encode(odd).finish()
}

/**
 * Only inside the worker's queue. `held`: it happens when a companion sends its next patch of that collection. `spoiled`:
 * it happens, and companions are at first given a patch for it that does not hold.
 */
export const changeAppState = async (
  worker: Worker,
  change: AppStateChange,
  jid: string,
  { held, spoiled }: { held: boolean; spoiled?: Spoil | undefined },
): Promise<void> => {
  const made = toPatch(change, jid)
  const { state, key, own } = await read(worker, made.type)
  const { patch } = await encodeSyncdPatch(made, own, state, key)
  const bytes = proto.SyncdPatch.encode(patch).finish()
  const { exchange, self } = worker
  const madeOn = headOf(exchange, self.phone, made.type)
  if (spoiled) spoilNewest(exchange, self.phone, made.type, spoil(patch, madeOn + 1, spoiled))
  if (held) holdPatch(exchange, self.phone, made.type, { madeOn, patch: bytes })
  else appendPatch(exchange, self, made.type, madeOn, bytes)
}

/** Everything that holds now, and how many patches did not. */
export const readAppState = async (worker: Worker): Promise<{ data: AppStateEntry[]; wrongMacs: number }> => {
  const data: AppStateEntry[] = []
  let wrongMacs = 0
  for (const collection of COLLECTIONS) {
    const { mutationMap, wrong } = await read(worker, collection)
    wrongMacs += wrong
    for (const { index, syncAction } of Object.values(mutationMap)) {
      const value = proto.SyncActionValue.toObject(proto.SyncActionValue.fromObject(syncAction.value ?? {}), {
        longs: Number,
      })
      data.push({ collection, index: [...index], value })
    }
  }
  return { data, wrongMacs }
}
