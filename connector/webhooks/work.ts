// What the parts of one held webhook share.
import type { Delivery } from '../../shared/model/delivery.ts'
import type { Webhook } from '../../shared/model/webhook.ts'
import type { Store } from '../../shared/store/open-store.ts'
import type { Outside } from '../outside/open-outside.ts'
import { patiently } from '../patiently.ts'
import type { LiveKeys } from './live-keys.ts'
import { defaultRetryWaitsMs } from './retry-waits.ts'
import type { Slots } from './slots.ts'

export type WebhookLog = Record<'debug' | 'info' | 'warn', (fields: object, message: string) => void>

export type WebhookTiming = {
  /** For one attempt, connection included. Default 15000. */
  attemptMs: number
  /** What is in hand at a clean stop may take so long. Default 7000. */
  stopMs: number
  /** Waits between attempts. Default: `defaultRetryWaitsMs`. */
  retryWaitsMs: readonly number[]
  /** Unbroken failure for so long switches a webhook off. Default 3 days. */
  disableAfterMs: number
  /** The place is written at most so often. Default 1000. */
  saveMs: number
  /** Attempts of one webhook at once. Default 16. */
  attemptsAtOnce: number
}

export const defaultTiming: WebhookTiming = {
  attemptMs: 15_000,
  stopMs: 7_000,
  retryWaitsMs: defaultRetryWaitsMs,
  disableAfterMs: 3 * 86_400_000,
  saveMs: 1_000,
  attemptsAtOnce: 16,
}

/** `lost`: another works on it. `off`: switched off, or gone. `changed`: to be begun anew. `failed`: our own fault. */
export type EndReason = 'lost' | 'off' | 'changed' | 'stopped' | 'failed'

export type Work = {
  store: Pick<Store, 'webhooks' | 'deliveries' | 'events'>
  /** As it is asked now. */
  webhook(): Webhook
  owner: string
  outside: Outside
  keys: LiveKeys
  timing: WebhookTiming
  log: WebhookLog
  /** Places for attempts. */
  slots: Slots
  /** By our own count, from before it was asked: false means that another may work on it already. */
  isLeaseValid(): boolean
  /** Nothing new is begun. */
  stopping: AbortSignal
  /** What is in hand is given up. */
  cutting: AbortSignal
  end(why: EndReason): void
}

/** What was not tried since it was queued is due at once: the clock that wrote `dueAt` may be another than ours. */
export const isDue = ({ tries, dueAt }: Pick<Delivery, 'tries' | 'dueAt'>, nowMs: number): boolean =>
  tries === 0 || dueAt.getTime() <= nowMs

/** The same step again while MongoDB is away. `stopping` ends the waiting; a mark that is due outlives it until `cutting`. */
export function waitFor<T>(work: Work, step: () => Promise<T>, signal: AbortSignal = work.stopping): Promise<T> {
  return patiently(step, {
    signal,
    onRetry: (error) => work.log.debug({ err: error }, 'a webhook waits for MongoDB'),
  })
}

/** Says on the team's stream that events will not be delivered: they were not kept long enough. */
export async function tellGap(work: Work, stream: string, from: number, to: number): Promise<void> {
  const { _id: webhookId, name, url } = work.webhook()
  work.log.warn({ webhookId, stream, from, to }, 'events are not kept any more, the webhook goes on after them')
  await waitFor(work, () =>
    work.store.events.appendOnce('team', [
      {
        type: 'webhook.gap',
        key: `webhook.gap/${webhookId}/${stream}/${to}`,
        data: { webhookId, name, url, stream, from, to },
      },
    ]),
  )
}
