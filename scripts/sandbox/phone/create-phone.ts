// A new pretend phone: a number, a LID, a name and the keys that a phone is born with.
import { randomBytes, randomInt } from 'node:crypto'
import { Curve, generateRegistrationId, signedKeyPair } from '@whiskeysockets/baileys'
import type { Phone } from '../records.ts'
import type { Exchange } from '../server/exchange.ts'
import { Refusal } from '../server/refusal.ts'

const digits = (count: number): string => Array.from({ length: count }, () => randomInt(10)).join('')

/** Finds a free one; the space is large and the loop short. */
const unused = (make: () => string, taken: (candidate: string) => boolean): string => {
  for (;;) {
    const candidate = make()
    if (!taken(candidate)) return candidate
  }
}

export const createPhone = (
  exchange: Exchange,
  wanted: { phone?: string | undefined; name?: string | undefined },
): Phone => {
  const { store } = exchange
  const taken = (phone: string) => store.phones.get(phone) !== undefined
  const phone = wanted.phone ?? unused(() => `1555${digits(7)}`, taken)
  if (taken(phone)) throw new Refusal(409, 'phone.exists', `There is a phone ${phone} already.`)
  const identity = Curve.generateKeyPair()
  const signed = signedKeyPair(identity, 1)
  const record: Phone = {
    phone,
    lid: unused(
      () => `${randomInt(1, 10)}${digits(13)}`,
      (lid) => store.lids.get(lid) !== undefined,
    ),
    name: wanted.name ?? `Phone ${phone.slice(-4)}`,
    createdAt: new Date().toISOString(),
    identity: { public: Buffer.from(identity.public), private: Buffer.from(identity.private) },
    registrationId: generateRegistrationId() + 1,
    signedPreKey: {
      keyId: signed.keyId,
      keyPair: { public: Buffer.from(signed.keyPair.public), private: Buffer.from(signed.keyPair.private) },
      signature: Buffer.from(signed.signature),
    },
    nextPreKeyId: 1,
    nextDevice: 1,
    appStateKey: { keyId: randomBytes(6), keyData: randomBytes(32) },
    counters: { failedDecryptions: 0, retryReceiptsReceived: 0, duplicates: 0, nacks487: 0 },
  }
  exchange.transact(() => {
    store.phones.put(phone, record)
    store.lids.put(record.lid, phone)
  })
  return record
}
