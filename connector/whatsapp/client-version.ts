// The client version we present. WhatsApp refuses one that is too old with 405 (Baileys issue 2733): then the current one
// is asked for, once in ten minutes at the most, and kept for every later connect of this process.
import { fetchLatestWaWebVersion, type WAVersion } from '@whiskeysockets/baileys'

export type ClientVersion = {
  /** `undefined` = the one Baileys was released with. */
  current(): WAVersion | undefined
  /** Never rejects: without an answer the version stays as it is. */
  refresh(): Promise<void>
}

const askAgainMs = 600_000
const patienceMs = 5_000

export type ClientVersionOptions = {
  /** WHATSAPP_VERSION: `2.3000.1043857760`; given, it is never refreshed. */
  fixed: string | undefined
  fetchLatest?: () => Promise<{ version: WAVersion; isLatest: boolean }>
  now?: () => number
}

export function createClientVersion(options: ClientVersionOptions): ClientVersion {
  const { fixed, now = () => performance.now() } = options
  const fetchLatest =
    options.fetchLatest ?? (() => fetchLatestWaWebVersion({ signal: AbortSignal.timeout(patienceMs) }))
  let version = fixed === undefined ? undefined : (fixed.split('.').map(Number) as WAVersion)
  let askedAt = Number.NEGATIVE_INFINITY

  return {
    current: () => version,
    async refresh() {
      if (fixed !== undefined || now() - askedAt < askAgainMs) return
      askedAt = now()
      // Without an answer the version stays as it is, and is asked for again later.
      const latest = await fetchLatest().catch(() => undefined)
      if (latest?.isLatest) version = latest.version
    },
  }
}
