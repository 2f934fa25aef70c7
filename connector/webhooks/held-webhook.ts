// One webhook, worked on by this process for as long as it holds the lease: its streams, its queue, its place.
import { setMaxListeners } from 'node:events'
import { mayDeliver, type Webhook } from '../../shared/model/webhook.ts'
import { createTypeFilter, type StoredEvent } from '../../shared/model/event.ts'
import { toVisibleStreams } from '../../shared/feed/visible-streams.ts'
import { createDeliver } from './deliver.ts'
import { runDueLoop } from './due-loop.ts'
import { createHolder } from './hold-event.ts'
import { createSlots, type Slots } from './slots.ts'
import { switchOff } from './switch-off.ts'
import { takeStream, type TakeStream } from './take-stream.ts'
import { waitFor, type EndReason, type Work } from './work.ts'

export type HeldWebhookOptions = Omit<Work, 'webhook' | 'slots' | 'stopping' | 'cutting' | 'end'> & {
  /** As it was claimed. */
  claimed: Webhook
  /** Every session there is, as known now. */
  sessionIds: () => readonly string[]
  /** Shared by all that are held here. */
  reads: Slots
}

export type HeldWebhook = {
  readonly epoch: number
  ring(stream: string, event?: StoredEvent): void
  /** Sessions came or went. */
  refresh(): void
  /** Something was asked of it. */
  changed(): void
  /** Everything is compared with the database. */
  recheck(): void
  /** Its key's document changed. */
  checkKey(keyId: string): void
  lose(): void
  /** Ends what is in hand, within `stopMs`, and writes the place. */
  stop(): Promise<void>
  ended: Promise<EndReason>
}

export function holdWebhook(options: HeldWebhookOptions): HeldWebhook {
  let webhook = options.claimed
  const { _id: id, epoch } = webhook
  const stopping = new AbortController()
  const cutting = new AbortController()
  // Every stream that waits listens.
  setMaxListeners(0, stopping.signal, cutting.signal)
  const places = new Map(Object.entries(webhook.places))
  const takes = new Map<string, TakeStream>()
  let why: EndReason | undefined
  let settle: (why: EndReason) => void = () => undefined
  const ended = new Promise<EndReason>((resolve) => (settle = resolve))

  const work: Work = {
    ...options,
    webhook: () => webhook,
    slots: createSlots(options.timing.attemptsAtOnce),
    stopping: stopping.signal,
    cutting: cutting.signal,
    end,
  }
  const matches = createTypeFilter(webhook.types)
  const deliver = createDeliver(work)
  const holder = createHolder(work, deliver)
  const isOrdered = webhook.order === 'session'
  const asStarted = JSON.stringify([webhook.streams, webhook.types, webhook.order])

  // The place is written behind the work: what is repeated after a crash stands as a delivery already.
  let unsaved = new Map<string, number>()
  let saving: Promise<void> = Promise.resolve()
  let saveTimer: NodeJS.Timeout | undefined
  function save(signal: AbortSignal): Promise<void> {
    clearTimeout(saveTimer)
    saveTimer = undefined
    const now = unsaved
    unsaved = new Map()
    saving = saving
      .then(async () => {
        const outcome = await waitFor(work, () => options.store.webhooks.moveTo(id, epoch, now), signal)
        if (outcome === 'lost') end('lost')
      })
      .catch((error: unknown) => options.log.debug({ err: error, webhookId: id }, 'a place was not written'))
    return saving
  }
  function moved(stream: string, seq: number): void {
    places.set(stream, seq)
    unsaved.set(stream, seq)
    saveTimer ??= setTimeout(() => void save(cutting.signal), options.timing.saveMs)
  }

  function wantedStreams(): Set<string> {
    const all = webhook.streams.includes('*')
    // Of a session that went the last events are still to be said.
    const named = all ? [...toVisibleStreams(options.sessionIds(), webhook), ...places.keys()] : webhook.streams
    return new Set(named.filter((stream) => mayDeliver(webhook, stream)))
  }
  function join(): void {
    if (stopping.signal.aborted) return
    for (const stream of wantedStreams()) {
      if (takes.has(stream)) continue
      const take = takeStream({
        work,
        stream,
        after: places.get(stream) ?? 0,
        matches,
        reads: options.reads,
        async queue(events) {
          const rows = events.map(({ stream: of, seq, type, at }) => ({ stream: of, seq, type, at }))
          await waitFor(work, () => options.store.deliveries.add(id, rows, epoch))
          if (rows.length > 0) due.ring()
        },
        hold: isOrdered ? (event) => holder.hold(event) : undefined,
        moved,
      })
      takes.set(stream, take)
      take.ring()
    }
  }

  async function reload(): Promise<void> {
    const now = await waitFor(work, () => options.store.webhooks.readHeld(id, options.owner, epoch))
    if (!now) return end('off')
    if (JSON.stringify([now.streams, now.types, now.order]) !== asStarted) return end('changed')
    webhook = now
    due.ring()
    holder.ring()
  }
  async function checkKey(): Promise<void> {
    if (!(await waitFor(work, () => options.keys.isAlive(webhook.keyId)))) await switchOff(work, 'key_revoked')
  }
  /** What is begun from outside and has nobody who waits for it. */
  function begin(step: () => Promise<void>): void {
    if (stopping.signal.aborted) return
    step().catch((error: unknown) => {
      if (stopping.signal.aborted) return
      options.log.warn({ err: error, webhookId: id }, 'a webhook failed')
      end('failed')
    })
  }

  function end(reason: EndReason): void {
    if (why !== undefined) return
    why = reason
    stopping.abort(new Error(`the webhook is let go: ${reason}`))
    // A successor may be at work: what is in hand here is not wanted any more.
    if (reason === 'lost') cutting.abort(stopping.signal.reason)
    void finish(reason)
  }
  async function finish(reason: EndReason): Promise<void> {
    const cut = setTimeout(() => cutting.abort(stopping.signal.reason), options.timing.stopMs)
    await Promise.all([due.ended, ...[...takes.values()].map((take) => take.ended())])
    if (reason !== 'lost') await save(cutting.signal)
    clearTimeout(saveTimer)
    clearTimeout(cut)
    settle(reason)
  }

  const due = runDueLoop(work, deliver)
  begin(async () => {
    await waitFor(work, () => options.store.deliveries.loosen(id, isOrdered ? [...wantedStreams()] : []))
    due.ring()
    await checkKey()
    join()
  })

  return {
    epoch,
    ring: (stream, event) => takes.get(stream)?.ring(event),
    refresh: join,
    changed: () => begin(reload),
    recheck() {
      join()
      for (const take of takes.values()) take.ring()
      begin(reload)
    },
    checkKey(keyId) {
      if (keyId === webhook.keyId) begin(checkKey)
    },
    lose: () => end('lost'),
    async stop() {
      end('stopped')
      await ended
    },
    ended,
  }
}
