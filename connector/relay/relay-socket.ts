// One socket: its key, its subscriptions, its heartbeat. Ends when the key dies, the reader stalls or goes away.
import type { WebSocket } from 'ws'
import { isAllowed, type Actor } from '../../shared/model/api-key.ts'
import type { Signal, StoredEvent } from '../../shared/model/event.ts'
import type { EventStore } from '../../shared/store/events.ts'
import type { Run } from '../../shared/feed/runs.ts'
import { findStartingPlaces } from '../../shared/feed/starting-places.ts'
import { toVisibleStreams } from '../../shared/feed/visible-streams.ts'
import { toCompatFrames } from './compat-names.ts'
import { closeCodes, parseFrame, type ErrorCode, type FrameId, type Subscribe } from './frames.ts'
import { createOutlet } from './outlet.ts'
import type { StoryTeller } from './shared-frames.ts'
import { createSubscription, type Subscription } from './subscription.ts'

export type RelaySocketOptions = {
  socket: WebSocket
  actor: Actor
  compat: boolean
  /** One for all sockets of the process. */
  stories: StoryTeller
  events: Pick<EventStore, 'read' | 'headsOf' | 'oldest'>
  /** Every session there is, as the database says now. */
  sessionIds: () => Promise<string[]>
  /** Sessions may have come between what `sessionIds` said and now: `refresh` is to be called. */
  mayHaveMissed: () => void
  limits: RelayLimits
  onError: (error: unknown) => void
}

export type RelayLimits = {
  /** Per socket. Default 20. */
  subscriptions: number
  /** Frames a second a client may send, on average. Default 50. */
  framesPerSecond: number
  /** Silence after which the place is said, ms. Default 15000. */
  silentMs: number
  /** No sign of life for so long ends the socket, ms. Default 60000. */
  deadMs: number
  pauseBytes: number
  closeBytes: number
  /** A reader that takes nothing for so long while it is replayed to is too slow, ms. Default 30000. */
  stallMs: number
}

export type RelaySocket = {
  readonly keyId: string
  ring(run: Run): void
  signal(signal: Signal): void
  /** The set of sessions changed: `*` subscriptions join and leave, and what is gone is left. */
  refresh(sessionIds: readonly string[]): Promise<void>
  /** Every stream is compared with the collection. */
  recheck(): void
  tick(nowMs: number): void
  end(code: number, error: ErrorCode): void
}

export function createRelaySocket(options: RelaySocketOptions): RelaySocket {
  const { socket, actor, limits, events } = options
  const outlet = createOutlet({ socket, ...limits })
  const subscriptions = new Map<FrameId, { subscription: Subscription; all: boolean }>()
  let aliveAtMs = performance.now()
  let pingedAtMs = aliveAtMs
  let tokens = limits.framesPerSecond * 2
  let tokensAtMs = aliveAtMs
  /** Frames are worked through one after another. */
  let chain: Promise<void> = Promise.resolve()

  function fail(id: FrameId, code: ErrorCode, extra: object = {}): void {
    outlet.send({ op: 'error', ...(id === undefined ? {} : { id }), code, ...extra })
  }

  async function subscribe(frame: Subscribe): Promise<void> {
    if (subscriptions.has(frame.id)) return fail(frame.id, 'subscription.exists')
    if (subscriptions.size >= limits.subscriptions)
      return fail(frame.id, 'subscription.too_many', { limit: limits.subscriptions })
    const visible = toVisibleStreams(await options.sessionIds(), actor)
    const all = frame.streams.includes('*')
    const wanted = all ? [...visible] : [...new Set(frame.streams)]
    const hidden = wanted.filter((stream) => !visible.has(stream))
    if (hidden.length > 0) return fail(frame.id, 'session.not_found', { streams: hidden })
    const foreign = [...(frame.after?.keys() ?? [])].filter((stream) => !all && !wanted.includes(stream))
    if (foreign.length > 0) return fail(frame.id, 'cursor.invalid', { streams: foreign })

    const subscription = createSubscription({
      id: frame.id,
      events,
      outlet,
      stories: options.stories,
      types: frame.types,
      onError: options.onError,
    })
    // Registered on the live tail first, under an unreachable place; then the places are set and replay begins.
    const start = await findStartingPlaces(events, wanted, frame.after)
    if (start.beyond.length > 0) return fail(frame.id, 'cursor.invalid', { streams: start.beyond })
    if (start.tooOld.length > 0) return fail(frame.id, 'cursor_too_old', { streams: start.tooOld })
    subscriptions.set(frame.id, { subscription, all })
    outlet.send({
      op: 'subscribed',
      ...(frame.id === undefined ? {} : { id: frame.id }),
      at: Object.fromEntries(start.place),
    })
    for (const stream of wanted) subscription.join(stream, start.place.get(stream) ?? 0).ring(undefined)
    if (all) options.mayHaveMissed()
  }

  function spendToken(): boolean {
    const now = performance.now()
    tokens = Math.min(limits.framesPerSecond * 2, tokens + ((now - tokensAtMs) / 1_000) * limits.framesPerSecond)
    tokensAtMs = now
    tokens -= 1
    return tokens >= 0
  }

  async function handle(text: string): Promise<void> {
    const parsed = parseFrame(text)
    if ('faults' in parsed) return fail(parsed.id, 'frame.invalid', { errors: parsed.faults })
    const { frame } = parsed
    switch (frame.op) {
      case 'subscribe':
        return subscribe(frame)
      case 'unsubscribe': {
        const standing = subscriptions.get(frame.id)
        if (!standing) return fail(frame.id, 'subscription.not_found')
        standing.subscription.stop()
        subscriptions.delete(frame.id)
        return outlet.send({ op: 'unsubscribed', ...(frame.id === undefined ? {} : { id: frame.id }) })
      }
      case 'ping':
        return outlet.send({ op: 'pong' })
      case 'pong':
        return undefined
    }
  }

  socket.on('message', (data: Buffer, isBinary) => {
    aliveAtMs = performance.now()
    if (isBinary) return fail(undefined, 'frame.invalid', { errors: [{ path: '', message: 'must be text' }] })
    if (!spendToken()) return relaySocket.end(closeCodes.tooManySockets, 'rate.limited')
    chain = chain
      .then(() => handle(data.toString('utf8')))
      .catch((error: unknown) => {
        options.onError(error)
        fail(undefined, 'store.unavailable', { retryable: true })
      })
  })
  socket.on('pong', () => (aliveAtMs = performance.now()))
  socket.on('close', () => {
    for (const { subscription } of subscriptions.values()) subscription.stop()
    subscriptions.clear()
  })

  async function openCompat(): Promise<void> {
    const visible = [...toVisibleStreams(await options.sessionIds(), actor)]
    const translate = (event: StoredEvent) => toCompatFrames(event)
    const subscription = createSubscription({
      id: 'compat',
      events,
      outlet,
      stories: options.stories,
      types: undefined,
      translate,
      onError: options.onError,
    })
    const heads = await events.headsOf(visible)
    subscriptions.set('compat', { subscription, all: true })
    for (const stream of visible) subscription.join(stream, heads.get(stream) ?? 0).ring(undefined)
    options.mayHaveMissed()
  }
  if (options.compat) chain = chain.then(openCompat).catch(options.onError)

  function tell({ id }: Subscription, op: 'joined' | 'left', streams: string[]): void {
    if (!options.compat) outlet.send({ op, ...(id === undefined ? {} : { id }), streams })
  }

  /** What stands is still delivered: `session.deleted` is the last thing its stream says. */
  async function leave(key: FrameId, subscription: Subscription, gone: string[]): Promise<void> {
    await Promise.all(gone.map((stream) => subscription.leave(stream)))
    if (subscriptions.get(key)?.subscription !== subscription) return
    tell(subscription, 'left', gone)
    // Meanwhile a session of that name may have been made again.
    options.mayHaveMissed()
  }

  const relaySocket: RelaySocket = {
    keyId: actor.id,
    ring(run) {
      for (const { subscription } of subscriptions.values()) subscription.ring(run[0].stream, run)
    },
    signal(signal) {
      for (const { subscription } of subscriptions.values()) subscription.signal(signal)
    },
    async refresh(sessionIds) {
      if (subscriptions.size === 0) return
      const visible = toVisibleStreams(sessionIds, actor)
      for (const [key, { subscription, all }] of subscriptions) {
        const gone = subscription.streams().filter((stream) => !visible.has(stream))
        const come = all ? [...visible].filter((stream) => !subscription.has(stream)) : []
        // Not waited for: a reader that takes nothing must not keep the news from the others.
        if (gone.length > 0) void leave(key, subscription, gone)
        const oldest = await Promise.all(come.map((stream) => events.oldest(stream)))
        // Meanwhile the reader may have gone, or somebody else may have let the stream in.
        if (subscriptions.get(key)?.subscription !== subscription) continue
        const joined = come.filter((stream) => !subscription.has(stream))
        for (const stream of joined)
          subscription.join(stream, Math.max(0, (oldest[come.indexOf(stream)] ?? 1) - 1)).ring(undefined)
        if (joined.length > 0) tell(subscription, 'joined', joined)
      }
    },
    recheck() {
      for (const { subscription } of subscriptions.values())
        for (const stream of subscription.streams()) subscription.ring(stream, undefined)
    },
    tick(nowMs) {
      if (nowMs - aliveAtMs > limits.deadMs) return socket.terminate()
      if (nowMs - pingedAtMs > limits.deadMs / 2) {
        pingedAtMs = nowMs
        socket.ping()
        if (!options.compat) outlet.send({ op: 'ping' })
      }
      for (const { subscription } of subscriptions.values()) subscription.tick(nowMs, limits.silentMs)
    },
    end(code, error) {
      fail(undefined, error)
      outlet.close(code, error)
    },
  }
  return relaySocket
}

export function maySubscribe(actor: Actor): boolean {
  return isAllowed(actor, 'events.read')
}
