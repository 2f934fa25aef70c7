// A delivery: one event on its way to one webhook, with every attempt.
import type { EventType } from './event.ts'

/** `expired`: the event was no longer kept when its turn came. */
export const deliveryStates = ['pending', 'delivered', 'failed', 'expired'] as const
export type DeliveryState = (typeof deliveryStates)[number]

/** Why an attempt did not succeed, as a word. `stopped` is never recorded: it was no attempt of the receiver's. */
export const attemptErrors = ['status', 'redirect', 'timeout', 'connection', 'dns', 'tls', 'address_forbidden'] as const
export type AttemptError = (typeof attemptErrors)[number]

export type Attempt = {
  at: Date
  durationMs: number
  /** HTTP status, when there was an answer. */
  status?: number
  error?: AttemptError
  /** The first 1000 bytes of the answer, as text. */
  answer?: string
}

/** A try-out of a webhook has a delivery like any event, but stands in no stream. */
export type DeliveryType = EventType | 'webhook.test'

/** The document in `deliveries`; `_id` = `<webhookId>/<eventId>`, so that an event is delivered to a webhook once. */
export type Delivery = {
  _id: string
  webhookId: string
  /** `<stream>:<seq>`; a test's is `test:t…`. Sent as `webhook-id`. */
  eventId: string
  type: DeliveryType
  /** Absent in a test. */
  stream?: string
  seq?: number
  /** The event's own time. */
  at: Date
  state: DeliveryState
  /** Holds its stream until it has ended. */
  ordered: boolean
  /** When it is tried next. */
  dueAt: Date
  /** Attempts since it was queued last: its place in the table of waits. */
  tries: number
  /** The last of them, oldest first. */
  attempts: Attempt[]
  /** The epoch of the worker that wrote last: an earlier one may not write any more. */
  epoch: number
  finishedAt?: Date
}

export function toDeliveryView(delivery: Delivery) {
  const last = delivery.attempts.at(-1)
  return {
    deliveryId: delivery.eventId,
    webhookId: delivery.webhookId,
    eventId: delivery.eventId,
    type: delivery.type,
    stream: delivery.stream,
    seq: delivery.seq,
    at: delivery.at,
    state: delivery.state,
    nextAttemptAt: delivery.state === 'pending' ? delivery.dueAt : undefined,
    finishedAt: delivery.finishedAt,
    attemptCount: delivery.attempts.length,
    lastStatus: last?.status,
    lastError: last?.error,
  }
}
