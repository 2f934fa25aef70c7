// This process in `connectors`: alive, how much it holds, how much memory it takes, and what is asked of it.
import type { DrainReport } from '../shared/model/connector.ts'
import type { ConnectorStore } from '../shared/store/connectors.ts'
import { patiently } from './patiently.ts'
import type { SessionLog } from './sessions/session-log.ts'

export type HeartbeatOptions = {
  connectors: ConnectorStore
  id: string
  /** 0 for a process that holds no sessions. */
  capacity: number
  leaseTtlMs: number
  relayUrl: string | undefined
  version: string
  /** Programs that it would use and does not have. Default: none. */
  missing?: readonly string[]
  sessions: () => number
  /** How far the sessions are with being let go; `undefined` for a process that holds none at all. */
  drain: () => DrainReport | null | undefined
  log: SessionLog
}

export type Heartbeat = {
  /** Tells now what has changed. Never rejects. */
  beat(): Promise<void>
  /** Asks this process to let its sessions go, as the API would; once MongoDB answers. */
  askDrain(): Promise<void>
  /** As it is reported. */
  drain(): DrainReport | null
  close(): Promise<void>
}

/** Ms. One that misses three is as silent as its leases are old. */
const longestMs = 10_000

/** Resolves when the process is seen by the others, or could not be. */
export async function openHeartbeat(options: HeartbeatOptions): Promise<Heartbeat> {
  const { connectors, id, log } = options
  const everyMs = Math.min(longestMs, options.leaseTtlMs / 3)
  const closing = new AbortController()
  let known: { startedAt: Date; draining: boolean } | undefined
  let beating: Promise<void> = Promise.resolve()
  let queued: Promise<void> | undefined

  function drain(): DrainReport | null {
    const report = options.drain()
    return report === undefined ? (known?.draining ? { state: 'done' } : null) : report
  }

  async function report(): Promise<void> {
    if (closing.signal.aborted) return
    try {
      known = await connectors.report(
        id,
        {
          capacity: options.capacity,
          sessions: options.sessions(),
          rssMb: Math.round(process.memoryUsage.rss() / 1_048_576),
          version: options.version,
          missing: [...(options.missing ?? [])],
          ...(options.relayUrl === undefined ? {} : { relayUrl: options.relayUrl }),
          silentAfterMs: Math.round(everyMs * 3),
          drain: drain(),
        },
        known,
      )
    } catch (error) {
      // A heartbeat that is missed says by itself what is the matter.
      log.debug({ err: error }, 'the heartbeat could not be written')
    }
  }
  /** One after the other, so that none is written behind a later one, or behind the end; at most one waits. */
  function beat(): Promise<void> {
    queued ??= beating.then(() => {
      queued = undefined
      return report()
    })
    beating = queued
    return queued
  }

  await beat()
  const timer = setInterval(() => void beat(), everyMs)
  return {
    beat,
    async askDrain() {
      const ask = () => patiently(() => connectors.wishDrain(id, true), { signal: closing.signal })
      try {
        // Its document is not there yet, or not any more: a heartbeat makes it.
        if (!(await ask())) {
          await beat()
          await ask()
        }
        await beat()
      } catch (error) {
        if (!closing.signal.aborted) log.error({ err: error }, 'the drain could not be asked for')
      }
    },
    drain,
    async close() {
      closing.abort()
      clearInterval(timer)
      await beating
      await connectors.remove(id).catch((error: unknown) => log.debug({ err: error }, 'signing off failed'))
    },
  }
}
