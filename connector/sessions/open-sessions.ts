// The reconcile loop: sessions wanted against sessions held here, by lease. Named reasons wake it; no callback connects.
import type { Agent } from 'node:http'
import { LeaseLost } from '../../shared/store/auth-log.ts'
import type { Feed } from '../../shared/store/feed.ts'
import type { Session } from '../../shared/model/session.ts'
import type { Store } from '../../shared/store/open-store.ts'
import type { ClientVersion } from '../whatsapp/client-version.ts'
import type { DrainReport } from '../../shared/model/connector.ts'
import type { ConnectGate } from './connect-gate.ts'
import { deleteSession } from './delete-session.ts'
import { createDrain } from './drain.ts'
import { holdSession, type HeldSession } from './held-session.ts'
import type { MediaLimits } from './media/session-media.ts'
import { readOthers, readRooms, type Others } from './read-others.ts'
import type { SessionLog } from './session-log.ts'
import { createGrace, toTaker } from './share.ts'
import { createWake } from '../wake.ts'

export type SessionsOptions = {
  store: Store
  feed: Feed
  /** This process, unique for every start. */
  owner: string
  leaseTtlMs: number
  maxSessions: number
  gate: ConnectGate
  clientVersion: ClientVersion
  log: SessionLog & { child(fields: object): SessionLog }
  urlFor: (session: Session) => Promise<string | undefined>
  /** The proxy that its WebSocket goes through. Default: straight. */
  agentFor?: ((session: Session) => Agent | undefined) | undefined
  media: MediaLimits
  /** How far a drain is has changed. */
  onDrain?: () => void
}

export type Sessions = {
  /** Ids held now. */
  held(): string[]
  /** How far it is with letting its sessions go; `null` while nobody asks for it. */
  drain(): DrainReport | null
  health(): { held: number; backlog: number; pending: number }
  /** Releases everything; resolves when all sockets are closed and all leases given back. */
  close(): Promise<void>
}

const restMs = 15_000
const claimsAtOnce = 8
/** While something is on its way from one connector to another, ms. */
const movingLookMs = 250

export function openSessions(options: SessionsOptions): Sessions {
  const { store, owner, log, leaseTtlMs } = options
  const stopping = new AbortController()
  const { signal } = stopping
  const wake = createWake()
  const held = new Map<string, HeldSession>()
  /** Until the lease is given back. */
  const ending = new Map<string, Promise<void>>()
  /** Sessions that failed here, and until when they are left alone, monotonic ms. */
  const resting = new Map<string, number>()
  /** Whose leases are being asked for now. */
  const claiming = new Set<string>()
  const grace = createGrace()
  let isDraining = false
  /** Monotonic ms when our leases run out by our own count, taken from before the last renewal was asked. */
  let validUntil = Number.POSITIVE_INFINITY

  const unlisten = options.feed.listen((change) => {
    if (change.kind === 'session') {
      // Most changes are reports of the owners themselves.
      if (!change.wished && !change.patched && !change.removed) return
      const one = held.get(change.id)
      if (one) one.wake('changed')
      else if (!change.patched) wake.ring('session')
    } else if (change.kind === 'command' && change.sessionId !== undefined)
      held.get(change.sessionId)?.ringOutbox(change.lane)
    else if (change.kind === 'lost')
      for (const one of held.values()) {
        one.wake('feed lost its place')
        one.ringOutbox()
      }
  })

  function hold(sessionId: string, epoch: number): void {
    log.info({ sessionId, epoch }, 'lease taken')
    const session = holdSession({
      store,
      sessionId,
      owner,
      epoch,
      gate: options.gate,
      clientVersion: options.clientVersion,
      log: log.child({ sessionId }),
      urlFor: options.urlFor,
      agentFor: options.agentFor,
      media: options.media,
      leaseTtlMs,
    })
    held.set(sessionId, session)
    const end = session.ended
      .then(async (why) => {
        if (why === 'deleted') await deleteSession(store, sessionId)
        else if (why !== 'lost') await store.leases.release(sessionId, owner, epoch)
        if (why !== 'lost') log.info({ sessionId, epoch, why }, 'lease given back')
        // Not at once again by this process: what failed would only fail faster.
        if (why === 'failed') resting.set(sessionId, performance.now() + restMs)
      })
      .catch((error: unknown) =>
        log.warn({ err: error, sessionId }, 'letting a session go was cut short; its lease runs out'),
      )
      .finally(() => {
        if (held.get(sessionId) === session) held.delete(sessionId)
        if (ending.get(sessionId) === end) ending.delete(sessionId)
        wake.ring('ended')
      })
    ending.set(sessionId, end)
  }

  async function claimOne(sessionId: string): Promise<void> {
    resting.delete(sessionId)
    claiming.add(sessionId)
    try {
      const claim = await store.leases.claim(sessionId, owner, leaseTtlMs)
      if (claim.outcome === 'taken') return
      // Asked for before the end began: nobody would stop it any more.
      if (signal.aborted) await store.leases.release(sessionId, owner, claim.epoch)
      else hold(sessionId, claim.epoch)
    } finally {
      claiming.delete(sessionId)
    }
  }

  const drain = createDrain({
    leases: store.leases,
    held: () => [...held.keys()],
    async letGo(sessionId) {
      void held.get(sessionId)?.stop()
      await ending.get(sessionId)
    },
    takeBack: claimOne,
    onChange: () => options.onDrain?.(),
    log,
    nowMs: () => performance.now(),
  })

  /**
   * A few at once: what a dead owner held must not wait in line behind the connects of those before it. Of what is free
   * only the share of this connector, and what nobody takes; others may join in the midst of it.
   */
  async function claimFree(first: Others): Promise<void> {
    const room = options.maxSessions - held.size
    if (room <= 0) return
    const rests = (sessionId: string) => (resting.get(sessionId) ?? 0) > performance.now()
    const free = (await store.leases.free(room)).filter((sessionId) => !held.has(sessionId) && !rests(sessionId))
    grace.see(free, performance.now())
    for (let others = first; free.length > 0 && !signal.aborted;) {
      isDraining = others.isDraining ?? isDraining
      if (isDraining) return
      const rooms = [{ id: owner, room: options.maxSessions - held.size }, ...(await readRooms(store, others.taking))]
      const ours: string[] = []
      while (free.length > 0 && ours.length < claimsAtOnce) {
        const sessionId = free.shift()!
        const isOurs = grace.isOver(sessionId, performance.now()) || toTaker(sessionId, rooms) === owner
        if (isOurs) ours.push(sessionId)
      }
      const ends = await Promise.allSettled(ours.map(claimOne))
      const failed = ends.find((one) => one.status === 'rejected')
      if (failed) throw failed.reason
      if (free.length > 0) others = await readOthers(store, owner)
    }
  }

  /** Ms until it is to be looked again. */
  async function look(): Promise<number> {
    const others = await readOthers(store, owner)
    isDraining = others.isDraining ?? isDraining
    if (isDraining) await drain.step(await readRooms(store, others.taking))
    else {
      drain.end()
      await claimFree(others)
    }
    return others.isOtherMoving || drain.isMoving() ? movingLookMs : (grace.nextEndMs(performance.now()) ?? restMs)
  }

  async function reconcile(): Promise<void> {
    while (!signal.aborted) {
      let nextMs = restMs
      try {
        nextMs = await look()
      } catch (error) {
        log.debug({ err: error }, 'looking for sessions failed; it is tried again')
      }
      await wake.sleep(Math.min(1_000, leaseTtlMs / 4, nextMs), signal)
    }
  }

  async function heartbeat(): Promise<void> {
    const pulse = createWake()
    let isLate = false
    while (!signal.aborted) {
      const asked = performance.now()
      // What is claimed while the answer is under way is not in it.
      const before = [...held]
      try {
        const mine = await store.leases.renew(owner, leaseTtlMs)
        validUntil = asked + leaseTtlMs
        if (isLate) log.info({}, 'the leases are renewed again')
        isLate = false
        for (const [sessionId, session] of before) if (mine.get(sessionId) !== session.epoch) session.lose()
        // Claimed by a call whose answer was lost, or let go by mistake: prolonged with the others, it would stay ours
        // for ever and be nobody's.
        for (const [sessionId, epoch] of mine)
          if (!held.has(sessionId) && !claiming.has(sessionId)) await store.leases.release(sessionId, owner, epoch)
      } catch (error) {
        // Without MongoDB nothing can be written, so nothing can be written wrongly: sockets stay, commits wait.
        const isNews: boolean = performance.now() > validUntil && !isLate
        isLate ||= isNews
        log[isNews ? 'warn' : 'debug'](
          { err: error },
          'the leases could not be renewed; another connector may take over',
        )
      }
      await pulse.sleep(leaseTtlMs / 3, signal)
    }
  }

  const loops = [reconcile(), heartbeat()]

  return {
    held: () => [...held.keys()],
    drain: () => drain.report(),
    health() {
      const all = [...held.values()].map((one) => one.health())
      return {
        held: held.size,
        backlog: all.reduce((sum, one) => sum + one.backlog, 0),
        pending: all.reduce((sum, one) => sum + one.pending, 0),
      }
    },
    async close() {
      unlisten()
      stopping.abort(new LeaseLost('stopping'))
      await Promise.all([...held.values()].map((one) => one.stop()))
      await Promise.all(ending.values())
      await Promise.all(loops)
    },
  }
}
