// This process in `connectors`: alive, how much it holds, how much memory it takes.
import type { ConnectorStore } from '../shared/store/connectors.ts'
import type { SessionLog } from './sessions/session-log.ts'

export type HeartbeatOptions = {
  connectors: ConnectorStore
  id: string
  capacity: number
  relayUrl: string | undefined
  version: string
  sessions: () => number
  draining: () => boolean
  log: SessionLog
  /** Default 10000 ms. */
  everyMs?: number
}

export function openHeartbeat(options: HeartbeatOptions): { close(): Promise<void> } {
  const startedAt = new Date()
  const beat = () =>
    options.connectors
      .report(options.id, {
        startedAt,
        heartbeatAt: new Date(),
        capacity: options.capacity,
        sessions: options.sessions(),
        draining: options.draining(),
        rssMb: Math.round(process.memoryUsage.rss() / 1_048_576),
        version: options.version,
        ...(options.relayUrl === undefined ? {} : { relayUrl: options.relayUrl }),
      })
      // A heartbeat that is missed says by itself what is the matter.
      .catch((error: unknown) => options.log.debug({ err: error }, 'the heartbeat could not be written'))
  const timer = setInterval(() => void beat(), options.everyMs ?? 10_000)
  void beat()
  return {
    async close() {
      clearInterval(timer)
      await options.connectors
        .remove(options.id)
        .catch((error: unknown) => options.log.debug({ err: error }, 'signing off failed'))
    },
  }
}
