// What a close code means and what is done about it (codes observed 2026-11, Baileys 7.0.0-rc14).

export type CloseAction =
  /** Build a new socket at once. */
  | { act: 'reconnect' }
  /** Again after a growing, jittered wait; never given up. */
  | { act: 'back-off' }
  /** Another connection took this link: look at the lease, wait for its TTL, try once. */
  | { act: 'replaced' }
  /** The phone ended the link: forget the keys and say so. */
  | { act: 'logged-out' }
  /** The link was never finished: forget the keys and begin again with a new code. */
  | { act: 'pair-again' }
  /** Nothing will change by itself: wait until somebody asks. `status` is what people see. */
  | { act: 'stop'; status: 'inactive' | 'error'; reason: string }

/** WhatsApp's code for a client version it does not take any more. */
export const clientTooOld = 405

/** What rc14 says when nobody has scanned any of its codes (Socket/socket.js); other 408s are lost or failed connections. */
const qrsUsedUp = 'QR refs attempts ended'

export function toCloseAction({ code, reason }: { code: number; reason: string }, linked: boolean): CloseAction {
  switch (code) {
    case 515: // restart required, after pairing
      return { act: 'reconnect' }
    case 440: // conflict, replaced
      return { act: 'replaced' }
    case 401:
      return linked ? { act: 'logged-out' } : { act: 'pair-again' }
    case 403:
      return { act: 'stop', status: 'error', reason: 'WhatsApp has banned this account' }
    case 411:
      return { act: 'stop', status: 'error', reason: 'multi-device is not enabled on the phone' }
    case 408:
      return !linked && reason.includes(qrsUsedUp)
        ? { act: 'stop', status: 'inactive', reason: 'QR expired' }
        : { act: 'back-off' }
    case clientTooOld: // the client's version is too old; the wait gives an operator time to update
    case 428:
    case 500:
    case 503:
    case 0:
      return { act: 'back-off' }
    default:
      return code >= 400 && code < 500
        ? { act: 'stop', status: 'error', reason: `WhatsApp refused the connection (${code})` }
        : { act: 'back-off' }
  }
}

/** 1 s, 2 s, 4 s … 5 min, each between half and all of it. `random` is 0..1. */
export function toBackOffMs(failures: number, random: number): number {
  const full = Math.min(300_000, 1_000 * 2 ** Math.min(failures, 9))
  return Math.round(full * (0.5 + random / 2))
}
