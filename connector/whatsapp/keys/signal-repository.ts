// Baileys' signal repository, made so that nothing leaves before it is durable (option `makeSignalRepository`):
// a transaction layer of its own under one mutex per session; ratchet, stanza and plaintext in one commit;
// redelivery answered from the journal; wrong guesses undone; nothing decrypted once it is closed.
import {
  addTransactionCapability,
  DEFAULT_CONNECTION_CONFIG,
  type AuthenticationCreds,
  type BinaryNode,
  type SignalKeyStoreWithTransaction,
  type SignalRepositoryWithLIDStore,
  type SocketConfig,
} from '@whiskeysockets/baileys'
import { ciphertextsOf, hashCiphertext, journalType, type Journal } from './journal.ts'
import type { KeyStore } from './open-key-store.ts'
import type { Mutations } from './mutations.ts'
import type { Wire } from '../wire.ts'
import { undoWrongGuesses } from './wrong-guess.ts'

type Logger = SocketConfig['logger']
type PnToLid = Parameters<SocketConfig['makeSignalRepository']>[2]

/** rc14 answers this text with nack 487 and no retry receipt (Utils/decode-wa-message.js MISSING_KEYS_ERROR_TEXT). */
const keyUsedAlready = 'Key used already or never filled'
const oneMutex = 'signal'
const maxNoted = 20_000

export type SafeRepository = {
  repository: SignalRepositoryWithLIDStore
  /** Every `<message>` stanza, before Baileys decrypts it: `sock.ws.on('frame', …)`. */
  noteStanza(node: BinaryNode): void
  /** First act when the socket ends: what comes later is refused. */
  close(): void
  /** How many spoiled sessions were put back. */
  undoneGuesses(): number
}

export function createSignalRepository(
  keyStore: Pick<KeyStore, 'memory' | 'log'>,
  journal: Journal,
  creds: AuthenticationCreds,
  logger: Logger,
  pnToLid: PnToLid,
  /** Waits in the place of results, for as long as the log keeps up; without it the results wait themselves. */
  wire?: Pick<Wire, 'holdFor'>,
): SafeRepository {
  const { memory, log } = keyStore
  const stanzas = new Map<string, BinaryNode>()
  let closed = false
  let undone = 0

  const layer = addTransactionCapability(
    {
      get: async (type, ids) => (await memory.get(type, ids)) as never,
      // In RAM at once, durable in order; whoever must not go on before that waits for the log.
      set: (data) => {
        const mutations = data as Mutations
        if (mutations[journalType] && mutations['session']) repairSessions(mutations['session'])
        memory.apply(mutations).catch(() => undefined) // The log reports a lost lease itself, and once.
      },
    },
    logger,
    { maxCommitRetries: 1, delayBetweenTriesMs: 0 },
  )

  function repairSessions(sessions: Record<string, unknown>): void {
    for (const [address, after] of Object.entries(sessions)) {
      const repaired = undoWrongGuesses(memory.peek('session', address), after)
      sessions[address] = repaired.record
      undone += repaired.undone
    }
  }

  /** Mappings have a mutex of their own: a lookup under way stores one while a transaction may be waiting for it. */
  const keys: SignalKeyStoreWithTransaction = {
    ...layer,
    transaction: (work, key) => layer.transaction(work, key === 'lid-mapping' ? 'mappings' : oneMutex),
  }
  const base = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(
    { creds, keys },
    logger,
    // No question to the network while the mutex is held.
    async (jids) => (layer.isInTransaction() ? [] : ((await pnToLid?.(jids)) ?? [])),
  )

  function close(): void {
    closed = true
    stanzas.clear()
    base.close?.()
  }
  const guard = () => {
    if (closed || log.lost) throw new Error('this connection is closed')
  }
  const inOrder = <T>(work: () => Promise<T>): Promise<T> => {
    guard()
    return layer.transaction(work, oneMutex)
  }
  /** What comes of the result leaves the process when everything it rests on is durable. */
  async function durably<T>(work: () => Promise<T>): Promise<T> {
    const result = await inOrder(work)
    const durable = log.awaited()
    // While MongoDB hangs nothing is to pile up behind the wire, its keep-alive least of all.
    if (durable && wire && !log.isSlow()) wire.holdFor(durable)
    else await durable
    return result
  }

  async function decrypt(ciphertext: Uint8Array, work: () => Promise<Uint8Array>): Promise<Uint8Array> {
    guard()
    const hash = hashCiphertext(ciphertext)
    const node = stanzas.get(hash)
    const known = journal.answer(hash)
    if (known === 'done') throw new Error(keyUsedAlready)
    if (known) {
      await log.durable()
      return known
    }
    try {
      return await durably(async () => {
        const plaintext = await work()
        guard()
        if (node) await layer.set(journal.entry(hash, node, plaintext))
        return plaintext
      })
    } finally {
      stanzas.delete(hash)
    }
  }

  const repository: SignalRepositoryWithLIDStore = {
    ...base,
    decryptMessage: (options) => decrypt(options.ciphertext, () => base.decryptMessage(options)),
    decryptGroupMessage: (options) => decrypt(options.msg, () => base.decryptGroupMessage(options)),
    encryptMessage: (options) => durably(() => base.encryptMessage(options)),
    encryptGroupMessage: (options) => durably(() => base.encryptGroupMessage(options)),
    getSenderKeyDistributionMessage: (options) => durably(() => base.getSenderKeyDistributionMessage(options)),
    processSenderKeyDistributionMessage: (options) => inOrder(() => base.processSenderKeyDistributionMessage(options)),
    injectE2ESession: (options) => inOrder(() => base.injectE2ESession(options)),
    migrateSession: (from, to) => base.migrateSession(from, to),
    deleteSession: (jids) => inOrder(() => base.deleteSession(jids)),
    // Baileys calls it first of all when a socket ends (rc14, Socket/socket.js end()).
    close,
  }
  return {
    repository,
    noteStanza(node) {
      if (node.tag !== 'message') return
      for (const ciphertext of ciphertextsOf(node)) stanzas.set(hashCiphertext(ciphertext), node)
      // Stanzas that Baileys drops undecrypted (ignored chats) would stay for ever.
      for (const oldest of stanzas.keys()) {
        if (stanzas.size <= maxNoted) break
        stanzas.delete(oldest)
      }
    },
    close,
    undoneGuesses: () => undone,
  }
}
