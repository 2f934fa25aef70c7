// All event streams of this process: woken by the feed, or by the clock where there is none, and ended with their keys.
import type { Authenticator } from '../../shared/auth/authenticate.ts'
import { feedTrustMs } from '../../shared/auth/authenticate.ts'
import { findStartingPlaces } from '../../shared/feed/starting-places.ts'
import { formatPlace, longestPlaceText } from '../../shared/feed/place-text.ts'
import { toVisibleStreams } from '../../shared/feed/visible-streams.ts'
import type { Actor } from '../../shared/model/api-key.ts'
import { createRefresher } from '../../shared/feed/refresher.ts'
import { Problem } from '../../shared/model/problem.ts'
import type { Feed } from '../../shared/store/feed.ts'
import type { Store } from '../../shared/store/open-store.ts'
import type { Log } from '../deps.ts'
import { openEventStream, type EventStream } from './event-stream.ts'

export type EventStreamLimits = {
  /** Open at once per key, in this process. Default 100. */
  perKey: number
  /** Silence after which the place is said, ms. Default 15000. */
  silentMs: number
  /** Default 1 MB and 8 MB. */
  pauseBytes: number
  closeBytes: number
  /** A reader that takes nothing for so long while it is waited for is cut, ms. Default 30000. */
  stallMs: number
  /** Without a feed: how often is looked, and when it ends, ms. Default 1000 and 25000. */
  pollMs: number
  pollEndsMs: number
}

const defaults: EventStreamLimits = {
  perKey: 100,
  silentMs: 15_000,
  pauseBytes: 1_048_576,
  closeBytes: 8_388_608,
  stallMs: 30_000,
  pollMs: 1_000,
  pollEndsMs: 25_000,
}
const tickMs = 1_000
const keyCheckMs = 30_000
const refreshDelayMs = 200
const retryMs = 2_000

export type EventStreams = ReturnType<typeof createEventStreams>

export type EventStreamsDeps = {
  store: Pick<Store, 'events' | 'sessions'>
  feed: Feed | undefined
  auth: Pick<Authenticator, 'authenticateKey'>
  log: Log
  monotonicMs: () => number
  limits?: Partial<EventStreamLimits> | undefined
}

export function createEventStreams({ store, feed, auth, log, monotonicMs, ...deps }: EventStreamsDeps) {
  const limits = { ...defaults, ...deps.limits }
  const open = new Set<EventStream>()
  const onError = (err: unknown) => log.debug({ err }, 'an event stream waits for MongoDB')
  let isClosed = false
  let keysCheckedAtMs = performance.now()

  const refresher = createRefresher(
    async () => {
      if (open.size === 0) return
      const ids = await store.sessions.ids()
      await Promise.all([...open].map((one) => one.refresh(ids)))
    },
    { delayMs: refreshDelayMs, onError },
  )
  async function recheckKey(keyId: string): Promise<void> {
    const ofKey = [...open].filter((one) => one.keyId === keyId)
    if (ofKey.length === 0) return
    try {
      await auth.authenticateKey(keyId)
    } catch (error) {
      // Without MongoDB nobody can be told dead: what is open stays.
      if (!(error instanceof Problem)) return onError(error)
      for (const one of ofKey) one.end('unauthorized')
    }
  }
  const recheckKeys = () => {
    for (const keyId of new Set([...open].map((one) => one.keyId))) void recheckKey(keyId)
  }

  const unlisten = feed?.listen((change) => {
    switch (change.kind) {
      case 'event':
        for (const one of open) one.ring(change.event)
        return
      case 'signal':
        for (const one of open) one.signal(change.signal)
        return
      case 'session':
        return change.wanted !== undefined || change.removed ? refresher.soon() : undefined
      case 'apiKey':
        return void recheckKey(change.id)
      case 'lost':
        refresher.soon()
        for (const one of open) one.recheck()
        return recheckKeys()
      case 'command':
      case 'webhook':
        return
    }
  })
  let timer: ReturnType<typeof setInterval> | undefined
  /** Ticks only while somebody listens. */
  function startTicking(): void {
    timer ??= setInterval(() => {
      if (open.size === 0) {
        clearInterval(timer)
        timer = undefined
        return
      }
      const nowMs = performance.now()
      for (const one of open) one.tick(nowMs, limits.silentMs)
      const isSilent = feed !== undefined && monotonicMs() - feed.progressAtMs() > feedTrustMs
      if (!isSilent && nowMs - keysCheckedAtMs < keyCheckMs) return
      keysCheckedAtMs = nowMs
      recheckKeys()
    }, tickMs)
  }

  /** Without a feed: by number, for a while; the reader comes back with its cursor. */
  async function poll(one: EventStream): Promise<void> {
    const endsAtMs = performance.now() + limits.pollEndsMs
    while (open.has(one) && performance.now() < endsAtMs) {
      await new Promise((resolve) => setTimeout(resolve, limits.pollMs))
      if (!open.has(one)) return
      await recheckKey(one.keyId)
      try {
        await one.refresh(await store.sessions.ids())
        await one.caughtUp()
      } catch (error) {
        onError(error)
      }
    }
    one.end()
  }

  return {
    /**
     * `streams` absent = all the key may see. Throws `session.not_found`, `cursor.invalid`, `rate.limited`, and
     * `request.invalid` when the cursor of so many streams would not fit into a header.
     */
    async open(
      actor: Actor,
      asked: {
        streams?: readonly string[] | undefined
        types?: readonly string[] | undefined
        after?: ReadonlyMap<string, number> | undefined
      },
    ): Promise<ReadableStream<Uint8Array>> {
      if ([...open].filter((one) => one.keyId === actor.id).length >= limits.perKey || isClosed)
        throw new Problem('rate.limited', { retryAfterSeconds: 5 })
      const visible = toVisibleStreams(await store.sessions.ids(), actor)
      const streams = asked.streams ?? [...visible]
      if (streams.some((stream) => !visible.has(stream))) throw new Problem('session.not_found')
      const start = await findStartingPlaces(store.events, streams, asked.after)
      if (start.beyond.length > 0)
        throw new Problem('cursor.invalid', {
          errors: start.beyond.map((stream) => ({ path: `after.${stream}`, message: 'is not a place of this stream' })),
        })
      if (formatPlace(start.place).length > longestPlaceText)
        throw new Problem('request.invalid', {
          errors: [{ path: 'stream', message: 'are too many for one cursor: name fewer, or use the socket' }],
        })
      const one: EventStream = openEventStream({
        actor,
        events: store.events,
        place: start.place,
        all: asked.streams === undefined,
        types: asked.types,
        tooOld: start.tooOld,
        retryMs,
        pauseBytes: limits.pauseBytes,
        closeBytes: limits.closeBytes,
        stallMs: limits.stallMs,
        mayHaveMissed: () => refresher.soon(),
        closed: () => void open.delete(one),
        onError,
      })
      open.add(one)
      startTicking()
      // Sessions that came while the places were read.
      refresher.soon()
      if (!feed) void poll(one)
      return one.body
    },

    close(): void {
      isClosed = true
      unlisten?.()
      clearInterval(timer)
      refresher.close()
      for (const one of open) one.end('going_away')
    },
  }
}
