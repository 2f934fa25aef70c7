// One session's keys, opened by its owner: fence first, then load, then memory in front and the log behind.
import {
  initAuthCreds,
  type AuthenticationCreds,
  type SignalDataTypeMap,
  type SignalKeyStore,
} from '@whiskeysockets/baileys'
import { LeaseLost, type AuthLogStore } from '../../../shared/store/auth-log.ts'
import { openCommitLog, type CommitLog } from './commit-log.ts'
import { createKeyMemory, lazyTypes, type KeyMemory } from './key-memory.ts'
import { decodeValue, mergeEncoded, unpackEncoded, type Encoded } from './mutations.ts'

export type KeyStoreOptions = {
  store: AuthLogStore
  sessionId: string
  epoch: number
  /** Called once when a later owner's fence was met; close the socket here. */
  onLost: () => void
  onRetry?: (error: unknown) => void
  /** Folds when this many keys have changed. Default 1500. */
  foldEveryKeys?: number
}

export type KeyStore = {
  readonly creds: AuthenticationCreds
  readonly log: CommitLog
  readonly memory: KeyMemory
  /** For Baileys' own use; `set` resolves when durable. */
  readonly keys: SignalKeyStore
  /** Called after each write through `keys`, with the types written. */
  onWritten: ((types: readonly string[]) => void) | undefined
  saveCreds(): Promise<void>
  /** Forgets the link: new credentials, no keys. */
  reset(): Promise<void>
  /** Moves the log into the folded keys; a no-op while one is under way. */
  fold(): Promise<void>
  /** Resolves when everything written so far is durable, what goes along lazily included, and folded. */
  settle(): Promise<void>
  close(): Promise<void>
}

const credsType = 'creds'
const foldAtCloseKeys = 200

export async function openKeyStore(options: KeyStoreOptions): Promise<KeyStore> {
  const { store, sessionId, epoch } = options
  const nextN = await store.fence(sessionId, epoch, `fence/${epoch}`)
  const loaded = await store.load(sessionId, nextN, lazyTypes)
  const text = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')

  const unfolded: Encoded = new Map()
  for (const commit of loaded.commits) mergeEncoded(unfolded, unpackEncoded(commit))
  const initial: Encoded = new Map()
  if (loaded.creds)
    initial.set(`${credsType}\n${credsType}`, { type: credsType, id: credsType, json: text(loaded.creds) })
  for (const { type, id, body } of loaded.keys) initial.set(`${type}\n${id}`, { type, id, json: text(body) })
  mergeEncoded(initial, unfolded)
  const savedCreds = initial.get(`${credsType}\n${credsType}`)?.json

  // Keys without credentials are the rest of a wipe that was cut short.
  if (!savedCreds && initial.size > 0) {
    initial.clear()
    unfolded.clear()
    await store.wipe(sessionId, epoch, nextN - 1)
  }
  const log = openCommitLog(
    {
      store,
      sessionId,
      epoch,
      nextN,
      onLost: options.onLost,
      ...(options.onRetry ? { onRetry: options.onRetry } : {}),
    },
    unfolded,
  )
  const memory = createKeyMemory(
    {
      log,
      readFolded: async (type, ids) => {
        const rows = await readPatiently(
          () => store.readKeys(sessionId, type, ids),
          () => log.lost,
          options.onRetry,
        )
        return new Map([...rows].map(([id, body]) => [id, text(body)]))
      },
    },
    initial,
  )
  let creds = savedCreds ? (decodeValue(credsType, savedCreds) as AuthenticationCreds) : initAuthCreds()
  const foldEvery = options.foldEveryKeys ?? 1_500
  let folding: Promise<void> | undefined

  async function foldNow(): Promise<void> {
    const { encoded, upTo } = log.takeFoldable()
    if (encoded.size === 0) return
    const entries = [...encoded.values()].filter((entry) => entry.type !== credsType)
    const newCreds = encoded.get(`${credsType}\n${credsType}`)?.json
    try {
      await store.fold(sessionId, epoch, {
        upTo,
        ...(newCreds ? { creds: Buffer.from(newCreds) } : {}),
        puts: entries.flatMap(({ type, id, json }) => (json === null ? [] : [{ type, id, body: Buffer.from(json) }])),
        deletes: entries.flatMap(({ type, id, json }) => (json === null ? [{ type, id }] : [])),
      })
      memory.evictFolded(encoded)
    } catch (error) {
      log.returnFoldable(encoded)
      if (error instanceof LeaseLost) options.onLost()
      else options.onRetry?.(error)
    }
  }

  const keyStore: KeyStore = {
    get creds() {
      return creds
    },
    log,
    memory,
    onWritten: undefined,
    keys: {
      get: async <T extends keyof SignalDataTypeMap>(type: T, ids: string[]) =>
        (await memory.get(type, ids)) as { [id: string]: SignalDataTypeMap[T] },
      set: async (data) => {
        await memory.apply(data)
        keyStore.onWritten?.(Object.keys(data))
        if (log.foldableSize() > foldEvery) void keyStore.fold()
      },
    },
    saveCreds: () => memory.apply({ [credsType]: { [credsType]: creds } }),
    async reset() {
      await log.durable()
      const { upTo } = log.takeFoldable()
      await store.wipe(sessionId, epoch, upTo)
      memory.clear()
      creds = initAuthCreds()
    },
    fold() {
      folding ??= foldNow().finally(() => (folding = undefined))
      return folding
    },
    async settle() {
      await log.durable()
      await keyStore.fold()
    },
    async close() {
      await folding
      // A large fold would hold up the hand-over; the next owner reads the log as well.
      if (!log.lost && log.foldableSize() <= foldAtCloseKeys) await keyStore.fold()
      await log.close()
    },
  }
  return keyStore
}

/** A read waits for MongoDB like a write does, as long as the log is ours. */
async function readPatiently<T>(
  read: () => Promise<T>,
  isOver: () => boolean,
  onRetry?: (error: unknown) => void,
): Promise<T> {
  for (let pauseMs = 25; ; pauseMs = Math.min(pauseMs * 2, 1_000)) {
    try {
      return await read()
    } catch (error) {
      if (isOver()) throw error
      onRetry?.(error)
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
}
