// A pretend phone's half of Signal. What a step changes is kept in a draft and stored by the caller together with the
// step's consequence, so that a ratchet never moves without its message, nor a message without its ratchet.
import {
  DEFAULT_CONNECTION_CONFIG,
  encodeWAMessage,
  generateSignalPubKey,
  jidDecode,
  proto,
  type SignalDataTypeMap,
  type SignalKeyStoreWithTransaction,
  unpadRandomMax16,
} from '@whiskeysockets/baileys'
import type { Phone } from '../records.ts'
import type { Store } from '../store.ts'
import type { Bundle } from '../iq/keys.ts'
import { keepWrongGuessesOut, type SessionRecord } from './wrong-guess.ts'

export type PhoneSignal = ReturnType<typeof createPhoneSignal>
export type Enc = { type: 'pkmsg' | 'msg'; ciphertext: Uint8Array }
/** Bytes: sealed as they are, whatever they mean to whoever opens them. */
export type Sealable = proto.IMessage | Uint8Array

const plainOf = (message: Sealable): Uint8Array => (message instanceof Uint8Array ? message : encodeWAMessage(message))

/** Baileys' Signal repository logs nothing that the sandbox wants to hear. */
const silent = { level: 'silent', child: () => silent, trace() {}, debug() {}, info() {}, warn() {}, error() {} }

export const createPhoneSignal = (store: Store, phone: Phone) => {
  const owner = phone.phone
  let draft = new Map<string, { type: string; id: string; value: unknown }>()

  const read = (type: string, id: string): unknown => {
    const drafted = draft.get(`${type}/${id}`)
    return drafted ? drafted.value : store.signal.get([owner, type, id])
  }
  const write = (type: string, id: string, value: unknown) => draft.set(`${type}/${id}`, { type, id, value })

  const keys: SignalKeyStoreWithTransaction = {
    get: async <T extends keyof SignalDataTypeMap>(type: T, ids: string[]) => {
      const found: { [id: string]: SignalDataTypeMap[T] } = {}
      for (const id of ids) {
        const value = read(type, id)
        if (value !== null && value !== undefined) found[id] = value as SignalDataTypeMap[T]
      }
      return found
    },
    set: async (data) => {
      for (const [type, values] of Object.entries(data)) {
        for (const [id, value] of Object.entries(values ?? {})) {
          if (type === 'session' && value)
            keepWrongGuessesOut(read(type, id) as SessionRecord | undefined, value as SessionRecord)
          write(type, id, value)
        }
      }
    },
    isInTransaction: () => true,
    transaction: async (work) => work(),
  }
  const repository = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(
    {
      creds: {
        signedIdentityKey: phone.identity,
        signedPreKey: phone.signedPreKey,
        registrationId: phone.registrationId,
      },
      keys,
    },
    silent,
    async () => [],
  )
  const addressId = (jid: string) => repository.jidToSignalProtocolAddress(jid)

  return {
    /** Puts everything since the last call into the surrounding commit. */
    store: () => {
      for (const { type, id, value } of draft.values()) {
        const key: [string, string, string] = [owner, type, id]
        if (value === null || value === undefined) store.signal.remove(key)
        else store.signal.put(key, value)
      }
      draft = new Map()
    },
    /** Forgets everything since the last `store`. */
    discard: () => {
      draft = new Map()
    },

    decrypt: async (jid: string, enc: Enc): Promise<proto.Message> => {
      const padded = await repository.decryptMessage({ jid, type: enc.type, ciphertext: Buffer.from(enc.ciphertext) })
      return proto.Message.decode(unpadRandomMax16(padded))
    },
    encrypt: async (jid: string, message: Sealable): Promise<Enc> => {
      const { type, ciphertext } = await repository.encryptMessage({ jid, data: plainOf(message) })
      return { type, ciphertext }
    },
    /** Seals for everybody in a group, and the key that each device there needs once. */
    encryptForGroup: async (group: string, own: string, message: Sealable) => {
      const data = plainOf(message)
      const { ciphertext, senderKeyDistributionMessage } = await repository.encryptGroupMessage({
        group,
        meId: own,
        data,
      })
      return { ciphertext, distribution: senderKeyDistributionMessage }
    },
    decryptFromGroup: async (group: string, author: string, ciphertext: Uint8Array): Promise<proto.Message> =>
      proto.Message.decode(
        unpadRandomMax16(await repository.decryptGroupMessage({ group, authorJid: author, msg: ciphertext })),
      ),
    takeGroupKey: (author: string, item: proto.Message.ISenderKeyDistributionMessage) =>
      repository.processSenderKeyDistributionMessage({ authorJid: author, item }),
    /** Which devices have the group's key of this phone. */
    keyHolders: (group: string): string[] => Object.keys((read('sender-key-memory', group) as object | null) ?? {}),
    setKeyHolders: (group: string, holders: readonly string[]) =>
      write('sender-key-memory', group, Object.fromEntries(holders.map((holder) => [holder, true]))),
    /** The next message to the group has a new key, which everybody has to be given. */
    renewGroupKey: (group: string, own: string) => {
      write('sender-key', `${group}::${addressId(own).replace('.', '::')}`, null)
      write('sender-key-memory', group, null)
    },
    hasSession: async (jid: string): Promise<boolean> => (await repository.validateSession(jid)).exists,
    /** The bundle's identity is remembered, as a phone does: a device may answer in this session and never show it. */
    startSession: async (jid: string, { registrationId, identity, signedPreKey, preKey }: Bundle): Promise<void> => {
      await repository.injectE2ESession({
        jid,
        session: {
          registrationId,
          identityKey: generateSignalPubKey(identity),
          signedPreKey: { ...signedPreKey, publicKey: generateSignalPubKey(signedPreKey.public) },
          // libsignal accepts a bundle whose one-time keys have run out; its types do not.
          preKey: (preKey && { keyId: preKey.keyId, publicKey: generateSignalPubKey(preKey.public) })!,
        },
      })
      write('identity-key', addressId(jid), generateSignalPubKey(identity))
    },
    /** The identity key that a device has shown, without its type byte. */
    identityOf: (jid: string): Buffer | undefined => {
      const key = read('identity-key', addressId(jid))
      return key instanceof Uint8Array ? Buffer.from(key).subarray(key.length - 32) : undefined
    },
    /** Drops every session and identity of a device that is no longer linked. */
    forget: (jid: string) => {
      if (!jidDecode(jid)) return
      write('session', addressId(jid), null)
      write('identity-key', addressId(jid), null)
    },
  }
}
