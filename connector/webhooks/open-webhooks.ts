// The webhooks of this process: each is claimed by lease, worked on, and given back. Named reasons wake the loop.
import type { Feed } from '../../shared/store/feed.ts'
import type { Webhook } from '../../shared/model/webhook.ts'
import type { Store } from '../../shared/store/open-store.ts'
import type { Outside } from '../outside/open-outside.ts'
import { createWake } from '../wake.ts'
import { holdWebhook, type HeldWebhook } from './held-webhook.ts'
import { createLiveKeys } from './live-keys.ts'
import { createSlots } from './slots.ts'
import { defaultTiming, type WebhookLog, type WebhookTiming } from './work.ts'

export type WebhooksOptions = {
  store: Pick<Store, 'webhooks' | 'deliveries' | 'events' | 'apiKeys' | 'sessions'>
  feed: Feed
  /** This process, unique for every start. */
  owner: string
  leaseTtlMs: number
  outside: Outside
  log: WebhookLog
  timing?: Partial<WebhookTiming>
}

export type Webhooks = {
  held(): number
  /** Ends what is in hand within `stopMs`, writes the places, gives the leases back. */
  close(): Promise<void>
}

/** Webhooks of one process, and reads of the feed for all of them at once. */
const mostHeld = 1_000
const readsAtOnce = 6
/** One that failed here is left to others, or to a later try, ms. */
const restMs = 15_000
const refreshDelayMs = 200

export function openWebhooks(options: WebhooksOptions): Webhooks {
  const { store, feed, owner, leaseTtlMs, log } = options
  const timing = { ...defaultTiming, ...options.timing }
  const stopping = new AbortController()
  const { signal } = stopping
  /** What is in hand at a stop is still ours: leases are renewed until it has ended. */
  const letGo = new AbortController()
  const wake = createWake()
  const held = new Map<string, HeldWebhook>()
  const ending = new Set<Promise<void>>()
  const resting = new Map<string, number>()
  /** Claimed perhaps, and not held yet. */
  let claiming: string | undefined
  const keys = createLiveKeys(store.apiKeys, feed)
  const reads = createSlots(readsAtOnce)
  let sessionIds: readonly string[] = []
  /** Monotonic ms until which the last renewal holds, by our own count from before it was asked. */
  let renewedUntil = 0

  let refreshTimer: NodeJS.Timeout | undefined
  function scheduleRefresh(): void {
    refreshTimer ??= setTimeout(() => {
      refreshTimer = undefined
      refresh().catch((error: unknown) => {
        log.debug({ err: error }, 'sessions could not be read; it is tried again')
        if (!signal.aborted) scheduleRefresh()
      })
    }, refreshDelayMs)
  }
  async function refresh(): Promise<void> {
    sessionIds = await store.sessions.ids()
    for (const one of held.values()) one.refresh()
  }

  const unlisten = feed.listen((change) => {
    switch (change.kind) {
      case 'event':
        for (const one of held.values()) one.ring(change.event.stream, change.event)
        return
      case 'session':
        return change.wanted !== undefined || change.removed ? scheduleRefresh() : undefined
      case 'apiKey':
        keys.forget(change.id)
        for (const one of held.values()) one.checkKey(change.id)
        return
      case 'webhook': {
        const one = held.get(change.id)
        if (one) one.changed()
        else wake.ring('webhook')
        return
      }
      case 'lost':
        keys.forget()
        scheduleRefresh()
        for (const one of held.values()) one.recheck()
        return wake.ring('lost')
      case 'signal':
      case 'command':
        return
    }
  })

  async function claim(id: string): Promise<void> {
    const askedMs = performance.now()
    claiming = id
    try {
      const claimed = await store.webhooks.claim(id, owner, leaseTtlMs)
      if (claimed) hold(claimed, askedMs)
    } finally {
      claiming = undefined
    }
  }
  function hold(claimed: Webhook, askedMs: number): void {
    const id = claimed._id
    const one = holdWebhook({
      store,
      claimed,
      owner,
      outside: options.outside,
      keys,
      timing,
      log,
      reads,
      sessionIds: () => sessionIds,
      isLeaseValid: () => performance.now() < Math.max(askedMs + leaseTtlMs, renewedUntil),
    })
    held.set(id, one)
    const end = one.ended
      .then(async (why) => {
        if (why === 'failed') resting.set(id, performance.now() + restMs)
        if (why !== 'lost') await store.webhooks.release(id, owner, one.epoch)
        // What was queued while it was being deleted has nobody else who removes it.
        if (why === 'off' && !(await store.webhooks.read(id))) await store.deliveries.removeAll(id)
      })
      .catch((error: unknown) =>
        log.debug({ err: error, webhookId: id }, 'a webhook was not given back; its lease runs out'),
      )
      .finally(() => {
        held.delete(id)
        ending.delete(end)
        wake.ring('ended')
      })
    ending.add(end)
  }

  async function reconcile(): Promise<void> {
    while (!signal.aborted) {
      try {
        const room = mostHeld - held.size
        const free = room > 0 ? await store.webhooks.free(room) : []
        if (free.length > 0 && held.size === 0) sessionIds = await store.sessions.ids()
        for (const id of free) {
          if (signal.aborted || held.has(id) || (resting.get(id) ?? 0) > performance.now()) continue
          resting.delete(id)
          await claim(id)
        }
      } catch (error) {
        log.debug({ err: error }, 'looking for webhooks failed; it is tried again')
      }
      // Bells tell of what is asked; only that another process fell silent is told by nobody.
      await wake.sleep(leaseTtlMs / 2, signal)
    }
  }

  async function heartbeat(): Promise<void> {
    const pulse = createWake()
    while (!letGo.signal.aborted) {
      const before = [...held]
      if (before.length > 0)
        try {
          const askedMs = performance.now()
          const mine = await store.webhooks.renew(owner, leaseTtlMs)
          renewedUntil = askedMs + leaseTtlMs
          for (const [id, one] of before) if (mine.get(id) !== one.epoch) one.lose()
          // Claimed by a call whose answer was lost: prolonged with the others, it would stay ours for ever and be nobody's.
          for (const [id, epoch] of mine)
            if (!held.has(id) && claiming !== id) await store.webhooks.release(id, owner, epoch)
        } catch (error) {
          // Without MongoDB nothing can be read or marked, and what is sent ends with the lease by our own count.
          log.debug({ err: error }, 'the leases of webhooks could not be renewed')
        }
      await pulse.sleep(leaseTtlMs / 3, letGo.signal)
    }
  }

  const reconciling = reconcile()
  const beating = heartbeat()

  return {
    held: () => held.size,
    async close() {
      unlisten()
      clearTimeout(refreshTimer)
      stopping.abort()
      await reconciling
      await Promise.all([...held.values()].map((one) => one.stop()))
      await Promise.all(ending)
      letGo.abort()
      await beating
    },
  }
}
