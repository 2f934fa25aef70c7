// Replay at start: what was decrypted and durable but not yet stored goes through Baileys' own processing again, with a
// repository that answers from the journal: before the socket opens, but for what needs WhatsApp's answers.
import {
  cleanMessage,
  decryptMessageNode,
  normalizeMessageContent,
  type SignalRepositoryWithLIDStore,
  type SocketConfig,
  type WAMessage,
} from '@whiskeysockets/baileys'
import { isHopeless } from '../whole-history.ts'
import { ciphertextsOf, hashCiphertext, toMessageKeyText, type Journal } from './journal.ts'

export type ReplayOptions = {
  journal: Journal
  repository: SignalRepositoryWithLIDStore
  me: { id: string; lid: string }
  logger: SocketConfig['logger']
  /** Hands one message to Baileys: `sock.upsertMessage(message, 'append')`. */
  upsert: (message: WAMessage) => Promise<void>
  /** Resolves once WhatsApp has let us in. */
  loggedIn: Promise<void>
  onReplayed: () => void
  /** A stanza whose replay failed; the others are replayed all the same. */
  onError: (error: unknown) => void
  /** One of this account's own of which nothing can be made, now or ever: it is not replayed again. */
  onGivenUp: (error: Error) => void
}

/**
 * Stanzas with an unjournalled ciphertext are left: they are redelivered. The others are handed over before the event
 * loop turns, none waiting for another's consequences. What Baileys then wants to tell WhatsApp (a name that changed)
 * fails at once while no socket is open; between its opening and the login it would be written into the handshake, and
 * the server would close the connection, each time (observed 2026-11, Baileys 7.0.0-rc14, Socket/socket.js
 * `creds.update`). So this account's own protocol traffic, whose consequences come later, waits for the login.
 */
export async function replayJournal(options: ReplayOptions): Promise<void> {
  const { journal, me } = options
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
      const isProtocol = normalizeMessageContent(fullMessage.message)?.protocolMessage && fullMessage.key.fromMe
      const upsert = () => options.upsert(fullMessage).then(options.onReplayed)
      void (isProtocol ? options.loggedIn.then(upsert) : upsert()).catch((error: unknown) => {
        if (!isProtocol || !isHopeless(error)) return options.onError(error)
        journal.finish(toMessageKeyText(fullMessage.key))
        options.onGivenUp(error)
      })
    } catch (error) {
      options.onError(error)
    }
  }
}
