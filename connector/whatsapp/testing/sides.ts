// Two Signal endpoints in one process: ours over the real key log, and a stock one as the phone at the other end.
import {
  addTransactionCapability,
  DEFAULT_CONNECTION_CONFIG,
  encodeWAMessage,
  generateSignalPubKey,
  initAuthCreds,
  signedKeyPair,
  Curve,
  type AuthenticationCreds,
  type BinaryNode,
  type SignalKeyStore,
  type SignalRepositoryWithLIDStore,
} from '@whiskeysockets/baileys'
import type { AuthLogStore } from '../../../shared/store/auth-log.ts'
import { createBaileysLogger } from '../baileys-log.ts'
import { createJournal, type Journal } from '../keys/journal.ts'
import { openKeyStore, type KeyStore } from '../keys/open-key-store.ts'
import { createSignalRepository, type SafeRepository } from '../keys/signal-repository.ts'

const nothing = () => undefined
export const silentLog = { debug: nothing, trace: nothing, warn: nothing }
export const silentLogger = createBaileysLogger(silentLog)

export const ourJid = '15550000001:1@s.whatsapp.net'
export const peerJid = '15550000002@s.whatsapp.net'
export const me = { id: ourJid, lid: '' }

export type Ours = {
  keyStore: KeyStore
  journal: Journal
  safe: SafeRepository
  repository: SignalRepositoryWithLIDStore
}

/** Opened again with a higher epoch it is the next owner: nothing but the log is carried over. */
export async function openOurs(
  store: AuthLogStore,
  sessionId: string,
  epoch: number,
  onLost: () => void = nothing,
): Promise<Ours> {
  const keyStore = await openKeyStore({ store, sessionId, epoch, onLost })
  keyStore.creds.me ??= { id: ourJid, name: 'us' }
  await keyStore.saveCreds()
  const journal = createJournal(keyStore.memory, () => me)
  return connect({ keyStore, journal })
}

function connect({ keyStore, journal }: Pick<Ours, 'keyStore' | 'journal'>): Ours {
  const safe = createSignalRepository(keyStore, journal, keyStore.creds, silentLogger, undefined)
  return { keyStore, journal, safe, repository: safe.repository }
}

/** The same owner's next connection: keys and journal stay, the repository is a new one. */
export const reconnect = (ours: Ours): Ours => connect(ours)

export type Peer = { repository: SignalRepositoryWithLIDStore; creds: AuthenticationCreds; keys: SignalKeyStore }

export function createPeer(): Peer {
  const kept = new Map<string, unknown>()
  const keys: SignalKeyStore = {
    get: (type, ids) =>
      Object.fromEntries(
        ids.flatMap((id) => (kept.has(`${type}/${id}`) ? [[id, structuredClone(kept.get(`${type}/${id}`))]] : [])),
      ) as never,
    set: (data) => {
      for (const [type, values] of Object.entries(data))
        for (const [id, value] of Object.entries(values ?? {}))
          if (value === null) kept.delete(`${type}/${id}`)
          else kept.set(`${type}/${id}`, value)
    },
  }
  const creds = initAuthCreds()
  const layer = addTransactionCapability(keys, silentLogger, { maxCommitRetries: 1, delayBetweenTriesMs: 0 })
  const repository = DEFAULT_CONNECTION_CONFIG.makeSignalRepository({ creds, keys: layer }, silentLogger, undefined)
  return { repository, creds, keys }
}

let nextKeyId = 1

/** What the server hands to whoever wants to begin a session with this endpoint. */
export async function bundleOf(side: { creds: AuthenticationCreds; keys: Pick<SignalKeyStore, 'set'> }) {
  const keyId = (nextKeyId += 1)
  const pair = Curve.generateKeyPair()
  await side.keys.set({ 'pre-key': { [keyId]: pair } })
  const signed = side.creds.signedPreKey ?? signedKeyPair(side.creds.signedIdentityKey, 1)
  return {
    registrationId: side.creds.registrationId,
    identityKey: generateSignalPubKey(side.creds.signedIdentityKey.public),
    signedPreKey: {
      keyId: signed.keyId,
      publicKey: generateSignalPubKey(signed.keyPair.public),
      signature: signed.signature,
    },
    preKey: { keyId, publicKey: generateSignalPubKey(pair.public) },
  }
}

export async function beginSession(
  from: SignalRepositoryWithLIDStore,
  to: string,
  side: Parameters<typeof bundleOf>[0],
) {
  await from.injectE2ESession({ jid: to, session: await bundleOf(side) })
}

export type Sealed = { type: 'msg' | 'pkmsg'; ciphertext: Uint8Array; node: BinaryNode; id: string }

/** A text of the peer as the stanza that arrives. */
export async function seal(peer: Peer, text: string, id: string): Promise<Sealed> {
  const data = encodeWAMessage({ conversation: text })
  const { type, ciphertext } = await peer.repository.encryptMessage({ jid: ourJid, data })
  const node: BinaryNode = {
    tag: 'message',
    attrs: { id, from: peerJid, type: 'text', t: '1700000000' },
    content: [{ tag: 'enc', attrs: { v: '2', type }, content: ciphertext }],
  }
  return { type, ciphertext, node, id }
}

/** What Baileys does with a stanza: it is noted as a frame, then its ciphertext is decrypted. */
export async function receive(ours: Ours, sealed: Sealed): Promise<string> {
  ours.safe.noteStanza(sealed.node)
  return textOf(
    await ours.repository.decryptMessage({ jid: peerJid, type: sealed.type, ciphertext: sealed.ciphertext }),
  )
}

export function textOf(padded: Uint8Array): string {
  // conversation is field 1 of Message: 0x0a, length, text; padding follows.
  const length = padded[1] ?? 0
  return Buffer.from(padded.subarray(2, 2 + length)).toString()
}

/** Ours to the peer: resolves with the text the peer reads, rejects as the peer's decryption does. */
export async function tell(ours: Ours, peer: Peer, text: string): Promise<string> {
  const data = encodeWAMessage({ conversation: text })
  const { type, ciphertext } = await ours.repository.encryptMessage({ jid: peerJid, data })
  return textOf(await peer.repository.decryptMessage({ jid: ourJid, type, ciphertext }))
}
