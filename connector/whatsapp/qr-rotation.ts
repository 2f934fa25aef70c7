// WhatsApp invalidates a shown QR with `<notification type="companion_reg_refresh">`; rc14 ignores it and goes on
// showing a dead code (Baileys issue 2737). A new secret takes field 4 of the code's comma-separated fields.
import { randomBytes } from 'node:crypto'
import type { AuthenticationCreds, WASocket } from '@whiskeysockets/baileys'

export type QrRotation = {
  /** The code as it must be shown: with the secret that counts now. */
  current(code: string): string
}

export function watchQrRotation(
  sock: Pick<WASocket, 'ws' | 'ev'>,
  creds: AuthenticationCreds,
  onRotated: (code: string) => void,
): QrRotation {
  let rotated = false
  let shown: string | undefined
  const withSecret = (code: string) => {
    const fields = code.split(',')
    if (fields.length >= 4) fields[3] = creds.advSecretKey
    return fields.join(',')
  }
  sock.ws.on('CB:notification,type:companion_reg_refresh', () => {
    creds.advSecretKey = randomBytes(32).toString('base64')
    rotated = true
    sock.ev.emit('creds.update', { advSecretKey: creds.advSecretKey })
    if (shown !== undefined) onRotated(withSecret(shown))
  })
  return {
    current(code) {
      shown = code
      // rc14 took the secret when the refs arrived and writes the old one into every later code too.
      return rotated ? withSecret(code) : code
    },
  }
}
