// A connector process as people see it: who is awake, how much it holds, and how far it is with letting go.

/**
 * How far a connector is that was asked to let its sessions go: some are on their way, it waits, or it holds none.
 * `nobody_else`: no other connector takes sessions. `no_room`: none of them has room. `not_taken`: what was let go last was
 * taken by nobody, and is held here again.
 */
export type DrainReport =
  | { state: 'moving' }
  | { state: 'waiting'; reason: 'nobody_else' | 'no_room' | 'not_taken' }
  | { state: 'done' }

/** What the process says of itself with every heartbeat. */
export type ConnectorReport = {
  /** Sessions it may hold; 0 for one that holds none at all. */
  capacity: number
  sessions: number
  rssMb: number
  version: string
  relayUrl?: string
  /** Programs that it would use and does not have; see `docs/media.md`. Absent: none. */
  missing?: string[]
  /** Without a heartbeat for longer than this it counts as gone. */
  silentAfterMs: number
  /** `null` when it knows of no wish. */
  drain: DrainReport | null
}

/** The document in `connectors`; both times are the server's. */
export type Connector = ConnectorReport & {
  _id: string
  startedAt: Date
  heartbeatAt: Date
  /** The wish that it lets its sessions go. Set from outside, never by a heartbeat. */
  draining: boolean
  /** Reckoned by the server when it is read. */
  isSilent: boolean
}

export function toConnectorView(connector: Connector) {
  const { _id, draining, isSilent } = connector
  return {
    id: _id,
    state: isSilent ? 'silent' : draining ? 'draining' : 'alive',
    startedAt: connector.startedAt,
    heartbeatAt: connector.heartbeatAt,
    sessions: connector.sessions,
    capacity: connector.capacity,
    rssMb: connector.rssMb,
    version: connector.version,
    missing: connector.missing ?? [],
    // Until the process has heard of it, it is only asked.
    drain: draining ? (connector.drain ?? { state: 'asked' as const }) : null,
  }
}
