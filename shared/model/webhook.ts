// A webhook: a subscription whose reader is a URL. Its limits are those of the key that made it, for good.
import * as v from 'valibot'
import type { SessionLimit } from './api-key.ts'
import { maySeeSession, type Actor } from './api-key.ts'
import { createTypeFilter, eventTypes, teamStream, type FeedPlace } from './event.ts'
import { sessionIdPattern } from './session.ts'
import { TypePatterns } from './type-patterns.ts'

/** `session`: n+1 of a stream goes out only after n has ended. `parallel`: several at once, in no order. */
export const deliveryOrders = ['parallel', 'session'] as const
export type DeliveryOrder = (typeof deliveryOrders)[number]

/** Why a webhook was switched off by us. `gone`: it answered 410. `failing`: nothing but failures for days. */
export const disabledReasons = ['gone', 'failing', 'key_revoked', 'by_request'] as const
export type DisabledReason = (typeof disabledReasons)[number]

const Stream = v.pipe(v.string(), v.regex(sessionIdPattern, 'must be a session id, or team'))
const Place = v.pipe(v.number(), v.safeInteger('must be a whole number'), v.minValue(0, 'must be at least 0'))

/** Signals take no number and are not delivered: a webhook for nothing else would be silent for ever. */
const isLiveOnly = (pattern: string) => pattern !== '*' && !eventTypes.some(createTypeFilter([pattern]))

const fields = {
  url: v.pipe(v.string(), v.maxLength(2_000)),
  /** `["*"]` = all the key may see, sessions to come included. */
  streams: v.pipe(v.array(v.union([v.literal('*'), Stream])), v.minLength(1), v.maxLength(1_000)),
  types: v.pipe(
    TypePatterns,
    v.everyItem(
      (pattern) => !isLiveOnly(pattern),
      'may not be presence or typing: they are live only, over sockets and event streams',
    ),
  ),
  order: v.picklist(deliveryOrders),
  name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(100)),
  description: v.pipe(v.string(), v.maxLength(1_000)),
}

export const CreateWebhook = v.strictObject({
  url: fields.url,
  streams: v.optional(fields.streams, ['*']),
  types: v.optional(fields.types, ['*']),
  order: v.optional(fields.order, 'parallel'),
  name: v.optional(fields.name),
  description: v.optional(fields.description),
  /** Absent: from now on. Present: a stream missing from it is delivered from its first event. */
  after: v.optional(v.record(Stream, Place)),
})
export type CreateWebhook = v.InferOutput<typeof CreateWebhook>

export const PatchWebhook = v.strictObject({
  url: v.optional(fields.url),
  streams: v.optional(fields.streams),
  types: v.optional(fields.types),
  order: v.optional(fields.order),
  name: v.optional(fields.name),
  description: v.optional(fields.description),
  enabled: v.optional(v.boolean()),
})
export type PatchWebhook = v.InferOutput<typeof PatchWebhook>

/** A secret as it is kept; without `validUntil` it is the current one. */
export type SealedSecret = { sealed: Uint8Array; validUntil?: Date }

/**
 * The document in `webhooks`: what is asked, and, guarded by the lease in the same document, how far the work is. One
 * document, so that a worker that lost the lease cannot move the place.
 */
export type Webhook = {
  _id: string
  url: string
  streams: string[]
  types: string[]
  order: DeliveryOrder
  name?: string
  description?: string
  /** As of the key that made it; absent = every session and `team`. Never changes. */
  sessions?: string[]
  /** The key it lives by: revoked or expired, the webhook stops. */
  keyId: string
  enabled: boolean
  disabled?: { reason: DisabledReason; at: Date }
  /** Newest first. */
  secrets: SealedSecret[]
  /** Grows with everything that is asked of it; the change stream tells of nothing else. */
  revision: number
  createdAt: Date
  updatedAt: Date
  owner: string | null
  epoch: number
  expiresAt: Date
  /** Last number of each stream for which a delivery stands, or none is wanted. A stream missing here begins at its first. */
  places: FeedPlace
  /** Since when nothing but failures. */
  failingSince?: Date
}

/** What the API says of it; never a secret. */
export function toWebhookView(webhook: Omit<Webhook, 'places' | 'secrets'>) {
  const { url, streams, types, order, name, description, enabled, disabled } = webhook
  return {
    webhookId: webhook._id,
    url,
    streams,
    types,
    order,
    name,
    description,
    enabled,
    disabled,
    failingSince: webhook.failingSince,
    sessions: webhook.sessions,
    keyId: webhook.keyId,
    createdAt: webhook.createdAt,
    updatedAt: webhook.updatedAt,
  }
}

/** Whoever may see less than the webhook delivers does not see it at all. */
export function maySeeWebhook(actor: Actor, webhook: SessionLimit): boolean {
  const { sessions } = actor
  return sessions === undefined || webhook.sessions?.every((id) => sessions.includes(id)) === true
}

/** Whether a stream lies inside a limit: the team's is for those who see everything. */
export function mayDeliver(limit: SessionLimit, stream: string): boolean {
  return stream === teamStream ? limit.sessions === undefined : maySeeSession(limit, stream)
}
