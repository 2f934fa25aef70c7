// The way between a session and WhatsApp, through the sandbox's own faults.
import { setTimeout as pause } from 'node:timers/promises'
import type { Strike } from './strike.ts'

type Kind = 'drop' | 'half-open' | 'stream-503' | 'http-503' | 'delay'

/** Slow enough to be met by everything else that happens meanwhile. */
const delayMs = 600
const refusals = 2

export const strikeConnection =
  (kind: Kind): Strike =>
  async ({ site, phones }, { target, lastsMs, afterStanzas }) => {
    const { door } = site
    const phone = phones[target % phones.length]
    switch (kind) {
      case 'drop':
      case 'stream-503':
        await door('POST', '/faults', { kind, phone, after: afterStanzas })
        return true
      case 'http-503':
        await door('POST', '/faults', { kind, times: refusals })
        await door('POST', '/faults', { kind: 'drop', phone })
        return true
      case 'half-open':
        await door('POST', '/faults', { kind, phone, after: afterStanzas })
        await pause(lastsMs)
        // The network is back: whoever still holds the old connection hears that it is gone.
        await door('POST', '/faults', { kind: 'drop', phone })
        return true
      case 'delay':
        await door('POST', '/faults', { kind, phone, ms: delayMs })
        await pause(lastsMs)
        await door('DELETE', '/faults')
        return true
    }
  }
