// The server's half of Noise_XX_25519_AESGCM_SHA256 as WhatsApp speaks it: hello in, hello out, finish in, then two
// counters. Throws on any byte that does not authenticate; the caller closes that socket.
import { aesDecryptGCM, aesEncryptGCM, Curve, hkdf, NOISE_MODE, NOISE_WA_HEADER, sha256 } from '@whiskeysockets/baileys'
import { NOISE_CERT_CHAIN } from './noise-cert-chain.ts'

type KeyPair = { public: Uint8Array; private: Uint8Array }
type Finish = { static: Uint8Array; payload: Uint8Array }

const NOTHING = Buffer.alloc(0)

const nonce = (counter: number): Buffer => {
  const iv = Buffer.alloc(12)
  iv.writeUInt32BE(counter, 8)
  return iv
}

/** A one-directional cipher with its own counter, used once the handshake is over. */
const createTransport = (key: Uint8Array, work: typeof aesEncryptGCM) => {
  let counter = 0
  return (bytes: Uint8Array): Buffer => work(bytes, key, nonce(counter++), NOTHING)
}

export const createNoiseResponder = (staticKey: KeyPair) => {
  let hash: Uint8Array = Buffer.from(NOISE_MODE)
  let salt = hash
  let key = hash
  let counter = 0
  const ephemeral = Curve.generateKeyPair()

  const authenticate = (bytes: Uint8Array) => {
    hash = sha256(Buffer.concat([hash, bytes]))
  }
  const stretch = (bytes: Uint8Array): [Uint8Array, Uint8Array] => {
    const out = Buffer.from(hkdf(Buffer.from(bytes), 64, { salt: Buffer.from(salt), info: '' }))
    return [out.subarray(0, 32), out.subarray(32)]
  }
  const mix = (bytes: Uint8Array) => {
    ;[salt, key] = stretch(bytes)
    counter = 0
  }
  const encrypt = (bytes: Uint8Array): Uint8Array => {
    const sealed = aesEncryptGCM(bytes, key, nonce(counter++), hash)
    authenticate(sealed)
    return sealed
  }
  const decrypt = (sealed: Uint8Array): Uint8Array => {
    const bytes = aesDecryptGCM(sealed, key, nonce(counter++), hash)
    authenticate(sealed)
    return bytes
  }

  authenticate(NOISE_WA_HEADER)

  return {
    /** Answers the client's ephemeral key with ours, our static key and the certificate chain. */
    hello: (clientEphemeral: Uint8Array) => {
      authenticate(clientEphemeral)
      authenticate(ephemeral.public)
      mix(Curve.sharedKey(ephemeral.private, clientEphemeral))
      const sealedStatic = encrypt(staticKey.public)
      mix(Curve.sharedKey(staticKey.private, clientEphemeral))
      return { ephemeral: ephemeral.public, static: sealedStatic, payload: encrypt(NOISE_CERT_CHAIN) }
    },
    /** Opens the client's last handshake message: its noise key, and who it says it is. */
    finish: (message: Finish) => {
      const noisePublic = Buffer.from(decrypt(message.static))
      mix(Curve.sharedKey(ephemeral.private, noisePublic))
      const payload = decrypt(message.payload)
      const [read, write] = stretch(NOTHING)
      return {
        noisePublic,
        payload,
        open: createTransport(read, aesDecryptGCM),
        seal: createTransport(write, aesEncryptGCM),
      }
    },
  }
}
