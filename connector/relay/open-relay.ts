// Events to browsers over WebSocket. One change stream per process rings; each socket is served by number.
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Authenticator } from '../../shared/auth/authenticate.ts'
import { createRefresher } from '../../shared/feed/refresher.ts'
import { toRuns } from '../../shared/feed/runs.ts'
import type { StoredEvent } from '../../shared/model/event.ts'
import { Problem } from '../../shared/model/problem.ts'
import type { Feed } from '../../shared/store/feed.ts'
import type { Store } from '../../shared/store/open-store.ts'
import { closeCodes } from './frames.ts'
import { createRelaySocket, maySubscribe, type RelayLimits, type RelaySocket } from './relay-socket.ts'
import { createStoryTeller } from './shared-frames.ts'
import { authenticateUpgrade, refuseUpgrade, subprotocol } from './upgrade.ts'

export type RelayOptions = {
  store: Store
  feed: Feed
  authenticator: Authenticator
  log: { debug(fields: object, message: string): void }
  /** Where it answers. Default `/v1/ws`. */
  path?: string
  limits?: Partial<RelayLimits & { socketsPerKey: number; frameBytes: number }>
}

export type Relay = {
  /** Takes upgrades on its path from this server. */
  attach(server: Server): void
  sockets(): number
  close(): Promise<void>
}

const defaults = {
  subscriptions: 20,
  framesPerSecond: 50,
  silentMs: 15_000,
  deadMs: 60_000,
  pauseBytes: 1_048_576,
  closeBytes: 8_388_608,
  stallMs: 30_000,
  socketsPerKey: 1_000,
  frameBytes: 65_536,
}
const tickMs = 1_000
/** A feed that was silent for longer may have missed a revocation. */
const feedTrustMs = 2_000
const refreshDelayMs = 200

export function openRelay(options: RelayOptions): Relay {
  const { store, feed, authenticator, log } = options
  const limits = { ...defaults, ...options.limits }
  const path = options.path ?? '/v1/ws'
  const sockets = new Map<RelaySocket, string>()
  const onError = (error: unknown) => log.debug({ err: error }, 'the relay waits for MongoDB')
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: limits.frameBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  })

  const refresher = createRefresher(
    async () => {
      if (sockets.size === 0) return
      const ids = await store.sessions.ids()
      await Promise.all([...sockets.keys()].map((one) => one.refresh(ids)))
    },
    { delayMs: refreshDelayMs, onError },
  )

  async function recheckKey(keyId: string): Promise<void> {
    const ofKey = [...sockets].filter(([, id]) => id === keyId)
    if (ofKey.length === 0) return
    try {
      await authenticator.authenticateKey(keyId)
    } catch (error) {
      // Without MongoDB nobody can be told dead: sockets stay.
      if (!(error instanceof Problem)) return onError(error)
      for (const [one] of ofKey) one.end(closeCodes.unauthorized, 'auth.invalid')
    }
  }

  const stories = createStoryTeller()
  let arrived: StoredEvent[] = []
  /** What came in one turn of the event loop goes on together. */
  function ringAll(): void {
    const runs = toRuns(arrived)
    arrived = []
    for (const one of sockets.keys()) for (const run of runs) one.ring(run)
  }

  const unlisten = feed.listen((change) => {
    switch (change.kind) {
      case 'event':
        if (arrived.length === 0) setImmediate(ringAll)
        arrived.push(change.event)
        return
      case 'signal':
        for (const one of sockets.keys()) one.signal(change.signal)
        return
      case 'session':
        // Only a session that comes or goes changes who may see what.
        return change.wanted !== undefined || change.removed ? refresher.soon() : undefined
      case 'apiKey':
        return void recheckKey(change.id)
      case 'lost':
        refresher.soon()
        for (const one of sockets.keys()) one.recheck()
        for (const keyId of new Set(sockets.values())) void recheckKey(keyId)
        return
      case 'command':
      case 'webhook':
        return
    }
  })

  const expiryCheck = { atMs: 0 }
  const timer = setInterval(() => {
    const nowMs = performance.now()
    for (const one of sockets.keys()) one.tick(nowMs)
    const silent = nowMs - feed.progressAtMs() > feedTrustMs
    // A key can also simply expire: every key is looked at twice a minute, and each second while the feed is silent.
    if (!silent && nowMs - expiryCheck.atMs < 30_000) return
    expiryCheck.atMs = nowMs
    for (const keyId of new Set(sockets.values())) void recheckKey(keyId)
  }, tickMs)

  async function upgrade(request: IncomingMessage, duplex: Duplex, head: Buffer, url: URL): Promise<void> {
    try {
      const actor = await authenticateUpgrade(request, url, { authenticator, tickets: store.tickets })
      if (!maySubscribe(actor)) throw new Problem('auth.forbidden')
      const ofKey = [...sockets.values()].filter((id) => id === actor.id).length
      if (ofKey >= limits.socketsPerKey) throw new Problem('rate.limited', { retryAfterSeconds: 5 })
      server.handleUpgrade(request, duplex, head, (socket) => {
        socket.on('error', (error) => log.debug({ err: error }, 'a socket failed'))
        const one = createRelaySocket({
          socket,
          actor,
          compat: url.searchParams.get('compat') === '1',
          stories,
          events: store.events,
          sessionIds: () => store.sessions.ids(),
          mayHaveMissed: () => refresher.soon(),
          limits,
          onError,
        })
        sockets.set(one, actor.id)
        socket.on('close', () => sockets.delete(one))
      })
    } catch (error) {
      refuseUpgrade(duplex, error)
    }
  }

  return {
    attach(httpServer) {
      httpServer.on('upgrade', (request, duplex, head) => {
        const url = new URL(request.url ?? '/', 'http://relay')
        duplex.on('error', (error) => log.debug({ err: error }, 'an upgrade failed'))
        if (url.pathname === path) void upgrade(request, duplex, head, url)
        else refuseUpgrade(duplex, new Problem('route.not_found'))
      })
    },
    sockets: () => sockets.size,
    async close() {
      unlisten()
      clearInterval(timer)
      refresher.close()
      for (const client of server.clients) client.close(closeCodes.goingAway, 'going away')
      const late = setTimeout(() => server.clients.forEach((client) => client.terminate()), 2_000)
      await new Promise<void>((resolve) => server.close(() => resolve()))
      clearTimeout(late)
    },
  }
}
