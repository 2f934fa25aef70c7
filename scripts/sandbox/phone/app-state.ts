// What a phone changes of its account by app state (archived, pinned, labels, names …), and what its companions changed,
// decrypted. Every MAC is checked: a patch that does not hold is counted.
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
import { appendPatch, headOf, holdPatch, patchesAfter } from '../server/app-state-patches.ts'
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

/** Only inside the worker's queue. `held`: it happens when a companion sends its next patch of that collection. */
export const changeAppState = async (
  worker: Worker,
  change: AppStateChange,
  jid: string,
  held: boolean,
): Promise<void> => {
  const made = toPatch(change, jid)
  const { state, key, own } = await read(worker, made.type)
  const { patch } = await encodeSyncdPatch(made, own, state, key)
  const bytes = proto.SyncdPatch.encode(patch).finish()
  const { exchange, self } = worker
  const madeOn = headOf(exchange, self.phone, made.type)
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
