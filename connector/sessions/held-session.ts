// One session, held by this process: fence, load, finish what a crash left, then keep the phone linked until it is
// asked otherwise or the lease is lost.
import type { Agent } from 'node:http'
import { maskJid } from '../../shared/model/jid.ts'
import type { Session, SessionStatus } from '../../shared/model/session.ts'
import { LeaseLost } from '../../shared/store/auth-log.ts'
import type { Store } from '../../shared/store/open-store.ts'
import type { ClientVersion } from '../whatsapp/client-version.ts'
import { isLinked } from '../whatsapp/connection.ts'
import { createJournal } from '../whatsapp/keys/journal.ts'
import { openKeyStore } from '../whatsapp/keys/open-key-store.ts'
import { createGroupCache } from '../whatsapp/group-cache.ts'
import { createRetryCaches } from '../whatsapp/retry-caches.ts'
import { clientTooOld, toBackOffMs, toCloseAction } from './close-action.ts'
import type { ConnectGate } from './connect-gate.ts'
import { connectOnce, type Closed, type Held } from './connect-once.ts'
import { logOut } from './log-out.ts'
import { createSessionMedia, type MediaLimits } from './media/session-media.ts'
import { createOutbox } from './outbox/outbox.ts'
import { createOutreach } from './outbox/outreach.ts'
import { patiently } from '../patiently.ts'
import { toMergeEvent } from './record/record-directory.ts'
import { createAddresses } from './record/addresses.ts'
import type { RecordContext } from './record/context.ts'
import { openCounters } from './record/counters.ts'
import { createArrivalOrder } from './record/arrival-order.ts'
import { openEarlyMarks } from './record/early-marks.ts'
import { createRecorder } from './record/recorder.ts'
import { createPeopleMark } from './reconcile-people.ts'
import { createReporter } from './reporter.ts'
import type { SessionLog } from './session-log.ts'
import { createWake } from '../wake.ts'

export type HeldSessionOptions = {
  store: Store
  sessionId: string
  owner: string
  epoch: number
  gate: ConnectGate
  clientVersion: ClientVersion
  log: SessionLog
  /** Where the session connects; `undefined` = WhatsApp's own address. */
  urlFor: (session: Session) => Promise<string | undefined>
  /** The proxy that its WebSocket goes through. Default: straight. */
  agentFor?: ((session: Session) => Agent | undefined) | undefined
  leaseTtlMs: number
  media: MediaLimits
}

/** `failed`: an error that waiting does not mend; somebody else, or a later try, may fare better. */
type End = 'stopped' | 'lost' | 'deleted' | 'failed'

export type HeldSession = {
  readonly epoch: number
  /** Something about it may have changed in the database. */
  wake(reason: string): void
  /** There may be commands to do. */
  /** A command was accepted; its lane when it is known. */
  ringOutbox(lane?: string): void
  /** Another owner has it: the socket is closed, nothing more is written. */
  lose(): void
  /** Lets go in order: socket closed, log folded. Resolves when done. */
  stop(): Promise<void>
  ended: Promise<End>
  /** Facts not stored yet, stanzas in the journal. */
  health(): { backlog: number; pending: number }
}

const sleepMs = 300_000
const maintenanceMs = 60_000
/** Statuses that are not true any more once nobody holds the session. */
const live: readonly (SessionStatus | undefined)[] = ['connected', 'connecting', 'qr_ready', 'pairing']

export function holdSession(options: HeldSessionOptions): HeldSession {
  const { store, sessionId, epoch, log } = options
  const stopping = new AbortController()
  const { signal } = stopping
  const wake = createWake()
  let lost = false
  let asked = false
  let ringOutbox: (lane?: string) => void = () => undefined
  let health = () => ({ backlog: 0, pending: 0 })

  function lose(): void {
    if (lost) return
    lost = true
    log.warn({ epoch }, 'lease lost: closing')
    stopping.abort(new LeaseLost(sessionId))
  }

  async function run(): Promise<End> {
    const onRetry = (error: unknown) => log.debug({ err: error }, 'waiting for MongoDB')
    const wait = <T>(step: () => Promise<T>) => patiently(step, { signal, onRetry })

    // The order is the promise: our fence stands in both logs before anything is loaded.
    const appender = store.events.openAppender(sessionId, epoch)
    await wait(() => appender.fence(options.owner))
    const keyStore = await wait(() => openKeyStore({ store: store.auth, sessionId, epoch, onLost: lose, onRetry }))
    const me = () => ({ id: keyStore.creds.me?.id ?? '', lid: keyStore.creds.me?.lid ?? '' })
    const journal = createJournal(keyStore.memory, me)
    const counters = openCounters((counted) => store.sessions.count(sessionId, counted))
    const addresses = createAddresses(store, sessionId, (keep, other) => appender.append([toMergeEvent(keep, other)]))
    const context: RecordContext = {
      sessionId,
      store,
      appender,
      addresses,
      counters,
      arrivals: createArrivalOrder(),
      early: await wait(() => openEarlyMarks(store, sessionId)),
    }
    const media = createSessionMedia({
      context,
      limits: options.media,
      signal,
      onError: (error, messageId) => log.debug({ err: error, messageId }, 'a file could not be fetched'),
    })
    context.media = media
    const fetching = media.run().catch((error: unknown) => {
      if (!signal.aborted) log.error({ err: error }, 'files are not fetched any more')
    })
    const recorder = createRecorder({
      context,
      rests: () => keyStore.log.awaited(),
      signal,
      onRetry,
      onRefused: (error, kind) =>
        log.error({ err: error, kind }, 'a fact could not be stored; its stanza stays in the journal'),
    })
    const reporter = createReporter(sessionId, store.sessions, appender, wait)
    const outreach = createOutreach({
      now: Date.now,
      keep: (outreachLock) => reporter.report({ outreachLock }),
      announce: (type, data, key) => {
        log.info(data, type === 'session.outreach_locked' ? 'new contacts are locked' : 'new contacts are open again')
        return reporter.announce(type, data, key)
      },
      onChange: () => ringOutbox(),
    })
    const row = await wait(() => store.sessions.read(sessionId))
    await outreach.load(row?.outreachLock)
    const outbox = createOutbox({
      context,
      epoch,
      signal,
      outreach,
      onError: (error, commandId) => log.warn({ err: error, commandId }, 'a command failed'),
    })
    ringOutbox = (lane) => outbox.ring(lane)
    health = () => ({ backlog: recorder.backlog(), pending: journal.pendingCount() })
    const sending = outbox.run().catch((error: unknown) => {
      if (!signal.aborted) log.error({ err: error }, 'the outbox stopped')
    })
    const held: Held = {
      context,
      keyStore,
      journal,
      recorder,
      outbox,
      media,
      mediaPlace: options.media.placeOf,
      outreach,
      reporter,
      retryCaches: createRetryCaches(),
      groupCache: createGroupCache(),
      gate: options.gate,
      clientVersion: options.clientVersion,
      log,
      wake,
      signal,
      read: () => wait(() => store.sessions.read(sessionId)),
      urlFor: options.urlFor,
      agentFor: options.agentFor ?? (() => undefined),
    }
    const peopleMark = createPeopleMark(held)
    peopleMark.reconcile(row?.peopleMark)
    const quietly = (step: () => Promise<void>) =>
      step().catch((error: unknown) => log.debug({ err: error }, 'closing was cut short'))
    const maintenance = setInterval(() => {
      void quietly(() => peopleMark.leave())
      journal.prune(Date.now())
      void keyStore.fold()
    }, maintenanceMs)
    try {
      return await keepLinked(held)
    } finally {
      clearInterval(maintenance)
      stopping.abort(new Error('ended'))
      await sending
      await fetching
      await recorder.idle()
      if (!lost) await quietly(() => peopleMark.leave())
      // What is left is finished by the next owner: nothing durable depends on a clean close.
      if (!lost && live.includes(reporter.lastStatus()))
        await quietly(() => store.sessions.update(sessionId, { status: 'disconnected', qr: null }))
      await quietly(() => counters.close())
      await quietly(() => appender.close())
      await quietly(() => keyStore.close())
    }
  }

  async function keepLinked(held: Held): Promise<End> {
    const { keyStore, reporter } = held
    let failures = 0
    let haltedAt = -1
    const replacedAt: number[] = []

    async function forgetLink(): Promise<void> {
      await held.recorder.idle()
      await patiently(() => keyStore.reset(), { signal })
      await held.outreach.forget()
      await reporter.report({
        linked: false,
        phone: null,
        lid: null,
        pushName: null,
        qr: null,
        pairing: null,
        movedAt: null,
      })
    }
    async function disconnected(closed: Closed): Promise<void> {
      await reporter.report({ status: 'disconnected', lastDisconnect: { ...closed, at: new Date() } })
      await reporter.announce('session.disconnected', closed)
    }
    async function halt(
      session: Session,
      status: SessionStatus,
      closed: Closed,
      type: 'session.error' | 'session.disconnected' | 'session.logged_out',
    ) {
      haltedAt = session.wantedRevision
      await reporter.report({ status, qr: null, pairing: null, lastDisconnect: { ...closed, at: new Date() } })
      await reporter.announce(type, closed)
    }
    /** Until the time is over or another wish was made; our own reports wake the loop as well, and end no rest. */
    async function rest(session: Session, ms: number): Promise<void> {
      const until = performance.now() + ms
      for (let left = ms; left > 0 && !signal.aborted; left = until - performance.now()) {
        if ((await wake.sleep(left, signal)) === 'time') return
        const now = await held.read()
        if (now?.wantedRevision !== session.wantedRevision) return
      }
    }
    /** The link ends because somebody asked for it. */
    async function unlink(session: Session): Promise<void> {
      // A link that was handed out lives elsewhere: it is forgotten here, and not ended there.
      const isOurs = isLinked(keyStore.creds) && session.movedAt === undefined
      if (isOurs && session.actedRevision !== session.wantedRevision) await logOut(held, session)
      // Writing the row wakes this loop: what is done already must write nothing.
      const isDone = session.status === 'disconnected' && session.actedRevision === session.wantedRevision
      if (isDone && !session.linked && !keyStore.creds.me) return
      await forgetLink()
      log.info({}, 'logged out on request')
      const closed = { code: 401, reason: 'logged out on request' }
      await reporter.report({
        status: 'disconnected',
        actedRevision: session.wantedRevision,
        lastDisconnect: { ...closed, at: new Date() },
      })
      await reporter.announce('session.logged_out', { reason: closed.reason })
    }

    for (;;) {
      signal.throwIfAborted()
      const session = await held.read()
      if (!session) return 'deleted'
      if (session.wanted === 'deleted' || session.wanted === 'logged_out') {
        await unlink(session)
        if (session.wanted === 'deleted') return 'deleted'
        await wake.sleep(sleepMs, signal)
        continue
      }
      if (session.wanted === 'stopped') {
        // Asked again, it has done that too: an export waits for it.
        if (session.status === 'inactive' && session.actedRevision !== session.wantedRevision)
          await reporter.report({ actedRevision: session.wantedRevision })
        if (session.status !== 'inactive') {
          // From now on it may be exported: what is known of its messages goes along.
          await held.recorder.idle()
          await keyStore.settle()
          log.info({}, 'stopped on request')
          await reporter.report({ status: 'inactive', qr: null, pairing: null, actedRevision: session.wantedRevision })
          await reporter.announce('session.disconnected', { reason: 'stopped on request' })
        }
        await wake.sleep(sleepMs, signal)
        continue
      }
      if (haltedAt === session.wantedRevision) {
        await wake.sleep(sleepMs, signal)
        continue
      }
      // A pairing that was never finished would log in and be refused.
      if (!isLinked(keyStore.creds) && keyStore.creds.me) await patiently(() => keyStore.reset(), { signal })
      const { closed, opened } = await connectOnce(held, session)
      if (closed === 'asked') {
        log.info({ reason: 'a request' }, 'disconnected')
        continue
      }
      signal.throwIfAborted()
      if (opened) failures = 0
      const action = toCloseAction(closed, isLinked(keyStore.creds))
      log.info({ code: closed.code, reason: maskJid(closed.reason), act: action.act }, 'disconnected')
      switch (action.act) {
        case 'reconnect':
          break
        case 'pair-again':
          await forgetLink()
          break
        case 'logged-out':
          await forgetLink()
          log.info({}, 'logged out by the phone')
          await halt(session, 'disconnected', closed, 'session.logged_out')
          break
        case 'stop': {
          if (!isLinked(keyStore.creds)) await forgetLink()
          const type = action.status === 'error' ? 'session.error' : 'session.disconnected'
          await halt(session, action.status, { code: closed.code, reason: action.reason }, type)
          break
        }
        case 'replaced': {
          const now = Date.now()
          replacedAt.push(now)
          const lease = await patiently(() => store.leases.read(sessionId), { signal })
          if (lease?.owner !== options.owner || lease.epoch !== epoch) lose()
          else if (replacedAt.filter((at) => now - at < 600_000).length >= 2)
            await halt(
              session,
              'error',
              { code: 440, reason: 'another client keeps taking this link' },
              'session.error',
            )
          else {
            await disconnected(closed)
            await rest(session, options.leaseTtlMs)
          }
          break
        }
        case 'back-off': {
          if (closed.code === clientTooOld) await held.clientVersion.refresh()
          await disconnected(closed)
          // The first time at once: most drops are over when they are noticed.
          const waitMs = failures === 0 ? 50 : toBackOffMs(failures - 1, Math.random())
          failures += 1
          await rest(session, waitMs)
        }
      }
    }
  }

  const ended = run().catch((error: unknown): End => {
    if (lost || error instanceof LeaseLost) return 'lost'
    if (asked) return 'stopped'
    log.error({ err: error }, 'the session stopped with an error')
    return 'failed'
  })
  return {
    epoch,
    wake: (reason) => wake.ring(reason),
    ringOutbox: (lane) => ringOutbox(lane),
    lose,
    async stop() {
      asked = true
      stopping.abort(new Error('stopping'))
      await ended
    },
    ended,
    health: () => health(),
  }
}
