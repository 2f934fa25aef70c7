// Replay at start: what was decrypted and durable but not yet stored goes through Baileys' own processing again,
// before the socket opens, with a repository that answers from the journal.
import {
  cleanMessage,
  decryptMessageNode,
  type SignalRepositoryWithLIDStore,
  type SocketConfig,
  type WAMessage,
} from '@whiskeysockets/baileys'
import { ciphertextsOf, hashCiphertext, type Journal } from './journal.ts'

export type ReplayOptions = {
  journal: Journal
  repository: SignalRepositoryWithLIDStore
  me: { id: string; lid: string }
  logger: SocketConfig['logger']
  /** Hands one message to Baileys: `sock.upsertMessage(message, 'append')`. */
  upsert: (message: WAMessage) => Promise<void>
  /** A stanza whose replay failed; the others are replayed all the same. */
  onError: (error: unknown) => void
}

/** Returns how many stanzas were replayed. Stanzas with an unjournalled ciphertext are left: they are redelivered. */
export async function replayJournal(options: ReplayOptions): Promise<number> {
  const { journal, me } = options
  let replayed = 0
  for (const { node, plaintexts } of await journal.pending()) {
    if (!ciphertextsOf(node).every((ciphertext) => plaintexts.has(hashCiphertext(ciphertext)))) continue
    const answer = (ciphertext: Uint8Array): Promise<Uint8Array> => {
      const plaintext = plaintexts.get(hashCiphertext(ciphertext))
      return plaintext ? Promise.resolve(plaintext) : Promise.reject(new Error('not journalled'))
    }
    const repository: SignalRepositoryWithLIDStore = {
      ...options.repository,
      decryptMessage: ({ ciphertext }) => answer(ciphertext),
      decryptGroupMessage: ({ msg }) => answer(msg),
    }
    try {
      const decoded = decryptMessageNode(node, me.id, me.lid, repository, options.logger)
      await decoded.decrypt()
      const { fullMessage } = decoded
      cleanMessage(fullMessage, me.id, me.lid)
      await options.upsert(fullMessage)
      replayed += 1
    } catch (error) {
      options.onError(error)
    }
  }
  return replayed
}
