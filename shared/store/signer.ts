// Links that open one thing until a time, for whoever holds them: an HMAC under a key derived from SECRET_KEY.
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'

export type Signer = {
  /** base64url, 43 characters. `expires`: unix seconds. */
  sign(subject: string, expires: number): string
  /** False for a signature of another subject or time, or of a time that has passed. */
  verify(subject: string, expires: number, signature: string, nowMs: number): boolean
}

/** `current` signs, `previous` is still believed. Both are 32 bytes in base64. */
export function createSigner(current: string, previous?: string): Signer {
  const keys = [current, ...(previous === undefined ? [] : [previous])].map((secret) =>
    Buffer.from(hkdfSync('sha256', Buffer.from(secret, 'base64'), '', 'wastream/links/1', 32)),
  )
  const digest = (key: Buffer, subject: string, expires: number) =>
    createHmac('sha256', key).update(`${expires}\n${subject}`).digest()
  return {
    sign: (subject, expires) => digest(keys[0] ?? Buffer.alloc(0), subject, expires).toString('base64url'),
    verify(subject, expires, signature, nowMs) {
      const given = Buffer.from(signature, 'base64url')
      if (!Number.isSafeInteger(expires) || expires * 1000 <= nowMs) return false
      return keys.some((key) => {
        const right = digest(key, subject, expires)
        return given.length === right.length && timingSafeEqual(given, right)
      })
    },
  }
}
