// libsignal writes its sessions, private keys included, to the console. These are the lines it writes (observed
// 2026-11, libsignal 6.0.0); they go nowhere, everything else is printed as before.
const LINES = [
  'Closing session:',
  'Opening session:',
  'Session already closed',
  'Session already open',
  'Removing old closed session:',
  'Closing open session in favor of incoming prekey bundle',
  'Closing stale open session',
  'Decrypted message with closed session.',
  'Failed to decrypt message with any known session',
  'Session error:',
  'Migrating session to:',
  'V1 session storage migration error',
  'Unhandled bucket type',
  'WARNING: Expected pubkey of length 33',
]

let quiet = false

/** Once per process; later calls change nothing. */
export const quietLibsignal = (): void => {
  if (quiet) return
  quiet = true
  for (const method of ['info', 'warn', 'error'] as const) {
    const print = console[method].bind(console)
    console[method] = (...words: unknown[]) => {
      const first = words[0]
      if (typeof first === 'string' && LINES.some((line) => first.startsWith(line))) return
      print(...words)
    }
  }
}
