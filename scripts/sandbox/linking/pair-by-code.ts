// Linking with a code typed on the phone. The code opens the companion's ephemeral key; a wrong one opens garbage,
// which only the phone notices, when the key bundle does not decrypt.
import { randomBytes } from 'node:crypto'
import {
  aesDecryptCTR,
  aesDecryptGCM,
  aesEncryptCTR,
  type BinaryNode,
  Curve,
  derivePairingCodeKey,
  hkdf,
  S_WHATSAPP_NET,
} from '@whiskeysockets/baileys'
import type { Device, Phone } from '../records.ts'
import type { Connection } from '../server/connection.ts'
import type { Exchange } from '../server/exchange.ts'
import { bytesOf, node, unixSeconds } from '../server/nodes.ts'
import { Refusal } from '../server/refusal.ts'
import { linkDevice } from './link-device.ts'
import type { WaitingClients } from './waiting-clients.ts'

const FINISH_TIMEOUT_MS = 10_000

export const createCodePairing = (exchange: Exchange, waiting: WaitingClients) => {
  const finishes = new Map<string, (bundle: BinaryNode) => void>()

  const finishOf = (ref: Buffer): Promise<BinaryNode> =>
    new Promise((resolve, reject) => {
      const key = ref.toString('base64')
      const timer = setTimeout(() => {
        finishes.delete(key)
        reject(new Refusal(409, 'client.refused', 'The client did not answer the code.'))
      }, FINISH_TIMEOUT_MS)
      finishes.set(key, (bundle) => {
        clearTimeout(timer)
        finishes.delete(key)
        resolve(bundle)
      })
    })

  return {
    /** `<link_code_companion_reg>` from a client; false when it makes no sense. */
    receive: (connection: Connection, registration: BinaryNode): BinaryNode[] | false => {
      const { stage, jid } = registration.attrs
      if (stage === 'companion_hello') {
        const phone = exchange.directory.resolve(jid)?.phone
        const waitingClient = waiting.of(connection)
        const wrappedEphemeral = bytesOf(registration, 'link_code_pairing_wrapped_companion_ephemeral_pub')
        if (!phone || !waitingClient || wrappedEphemeral?.length !== 80) return false
        const ref = randomBytes(16)
        waiting.requestCode(phone, { registration: waitingClient, ref, wrappedEphemeral })
        return [node('link_code_companion_reg', { stage }, [node('link_code_pairing_ref', {}, ref)])]
      }
      if (stage === 'companion_finish') {
        const finish = finishes.get(bytesOf(registration, 'link_code_pairing_ref')?.toString('base64') ?? '')
        if (!finish) return false
        finish(registration)
        return []
      }
      return false
    },

    /** The phone's owner types a code. */
    type: async (phone: Phone, code: string): Promise<Device> => {
      const request = waiting.codeFor(phone.phone)
      if (!request) throw new Refusal(409, 'code.none', 'No client has asked to be linked to this number with a code.')
      const { registration, ref, wrappedEphemeral } = request
      const open = await derivePairingCodeKey(code, wrappedEphemeral.subarray(0, 32))
      const companionEphemeral = aesDecryptCTR(wrappedEphemeral.subarray(48), open, wrappedEphemeral.subarray(32, 48))
      const ephemeral = Curve.generateKeyPair()
      const salt = randomBytes(32)
      const iv = randomBytes(16)
      const wrapped = aesEncryptCTR(ephemeral.public, await derivePairingCodeKey(code, salt), iv)
      const finished = finishOf(ref)
      registration.connection.send(
        node(
          'notification',
          {
            type: 'link_code_companion_reg',
            from: S_WHATSAPP_NET,
            id: `code-${registration.connection.id}-${unixSeconds()}`,
            t: unixSeconds(),
          },
          [
            node('link_code_companion_reg', { stage: 'primary_hello' }, [
              node('link_code_pairing_wrapped_primary_ephemeral_pub', {}, Buffer.concat([salt, iv, wrapped])),
              node('primary_identity_pub', {}, phone.identity.public),
              node('link_code_pairing_ref', {}, ref),
            ]),
          ],
        ),
      )
      const finish = await finished
      const bundle = bytesOf(finish, 'link_code_pairing_wrapped_key_bundle') ?? Buffer.alloc(0)
      const companionIdentity = bytesOf(finish, 'companion_identity_public') ?? Buffer.alloc(0)
      const shared = Curve.sharedKey(ephemeral.private, companionEphemeral)
      const bundleKey = hkdf(Buffer.from(shared), 32, {
        salt: bundle.subarray(0, 32),
        info: 'link_code_pairing_key_bundle_encryption_key',
      })
      let keys: Buffer
      try {
        keys = aesDecryptGCM(bundle.subarray(44), bundleKey, bundle.subarray(32, 44), Buffer.alloc(0))
      } catch {
        throw new Refusal(422, 'code.wrong', 'This code does not open what the client sent.')
      }
      if (!keys.subarray(0, 32).equals(companionIdentity) || !keys.subarray(32, 64).equals(phone.identity.public)) {
        throw new Refusal(409, 'client.refused', 'The client answered with keys of somebody else.')
      }
      const identityShared = Curve.sharedKey(phone.identity.private, companionIdentity)
      const secret = hkdf(Buffer.concat([shared, identityShared, keys.subarray(64, 96)]), 32, { info: 'adv_secret' })
      return linkDevice(exchange, phone, registration, Buffer.from(secret))
    },
  }
}
export type CodePairing = ReturnType<typeof createCodePairing>
