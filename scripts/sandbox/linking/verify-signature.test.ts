import { Curve } from '@whiskeysockets/baileys'
import { describe, expect, it } from 'vitest'
import { verifySignature } from './verify-signature.ts'

describe('a signature', () => {
  it('made by a real client is believed, for this key and this text only', () => {
    for (let i = 0; i < 10; i++) {
      const pair = Curve.generateKeyPair()
      const text = Buffer.from(`text ${i}`)
      const signature = Curve.sign(pair.private, text)
      expect(verifySignature(pair.public, text, signature)).toBe(true)
      expect(verifySignature(pair.public, Buffer.from('other'), signature)).toBe(false)
      expect(verifySignature(Curve.generateKeyPair().public, text, signature)).toBe(false)
      expect(verifySignature(pair.public, text, signature.subarray(1))).toBe(false)
      const touched = Buffer.from(signature)
      touched[i]! ^= 1
      expect(verifySignature(pair.public, text, touched)).toBe(false)
    }
  })
})
