import { Curve, makeNoiseHandler, NOISE_WA_HEADER, proto } from '@whiskeysockets/baileys'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { createNoiseResponder } from './noise-responder.ts'

const newClient = () => {
  const ephemeral = Curve.generateKeyPair()
  const noise = makeNoiseHandler({
    keyPair: ephemeral,
    NOISE_HEADER: NOISE_WA_HEADER,
    logger: pino({ level: 'silent' }),
  })
  return { ephemeral, noise, key: Curve.generateKeyPair() }
}
const helloTo = (client: ReturnType<typeof newClient>) => {
  const responder = createNoiseResponder(Curve.generateKeyPair())
  const serverHello = responder.hello(client.ephemeral.public)
  const sealedKey = client.noise.processHandshake(proto.HandshakeMessage.fromObject({ serverHello }), client.key)
  return { responder, sealedKey, payload: client.noise.encrypt(Buffer.from('who I am')) }
}

describe('the handshake', () => {
  it('convinces an unmodified client and learns its noise key and payload', () => {
    const client = newClient()
    const { responder, sealedKey, payload } = helloTo(client)
    const done = responder.finish({ static: sealedKey, payload })
    expect(done.noisePublic).toEqual(Buffer.from(client.key.public))
    expect(Buffer.from(done.payload).toString()).toBe('who I am')
  })

  it('fails on a payload that was touched on the way', () => {
    const { responder, sealedKey, payload } = helloTo(newClient())
    const touched = Buffer.from(payload)
    touched[0]! ^= 1
    expect(() => responder.finish({ static: sealedKey, payload: touched })).toThrow()
  })
})
