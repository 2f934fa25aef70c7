// A batch is one message to many: each recipient is a command of its own, with an outcome that outlives it.
import * as v from 'valibot'
import type { EventInput } from './event.ts'
import { Address, BulkMessage, Instant } from './message.ts'

/** `queued`: it waits or is on its way. The others are final. */
export const recipientStates = ['queued', 'sent', 'failed', 'cancelled', 'expired'] as const
export type RecipientState = (typeof recipientStates)[number]
export type EndedState = Exclude<RecipientState, 'queued'>

/** The document in `batches`. */
export type Batch = {
  _id: string
  sessionId: string
  actor: string
  /** sha256 of route and parsed body; the same id with another hash is refused. */
  bodyHash: string
  total: number
  notBefore?: Date
  expiresAt?: Date
  /** The last progress was told. */
  isOver: boolean
  createdAt: Date
  keptUntil: Date
}

/** The document in `batchRecipients`; `_id` is its command's. */
export type BatchRecipient = {
  _id: string
  batchId: string
  sessionId: string
  /** 0, 1, 2 … as given. */
  place: number
  jid: string
  messageId: string
  state: RecipientState
  error?: { code: string; reason: string }
  endedAt?: Date
  keptUntil: Date
}

export type BatchCounts = Record<RecipientState, number>

/** What `GET …/batches/{batchId}` and `batch.progress` say; `left` = neither sent nor ended otherwise yet. */
export function toCountsView(total: number, { queued: left, sent, failed, cancelled, expired }: BatchCounts) {
  return { total, left, sent, failed, cancelled, expired }
}

export function toBatchView(batch: Batch, counts: BatchCounts) {
  return {
    batchId: batch._id,
    sessionId: batch.sessionId,
    ...toCountsView(batch.total, counts),
    notBefore: batch.notBefore,
    expiresAt: batch.expiresAt,
    createdAt: batch.createdAt,
  }
}

export function toRecipientView(row: BatchRecipient) {
  return {
    index: row.place,
    to: row.jid,
    state: row.state,
    messageId: row.messageId,
    commandId: row._id,
    code: row.error?.code,
    reason: row.error?.reason,
    endedAt: row.endedAt,
  }
}

/** Progress is told about so many times in a batch. */
const steps = 20

/** The step that has been reached: 0 = nothing to tell yet, Infinity = the end. It never goes back. */
export function toStep(total: number, { queued }: BatchCounts): number {
  return queued === 0 ? Infinity : Math.floor((total - queued) / Math.ceil(total / steps))
}

/** Its key is the step: whoever tells it, and however often, it is told once. */
export function toProgress(batch: Pick<Batch, '_id' | 'total'>, counts: BatchCounts): EventInput {
  const step = toStep(batch.total, counts)
  return {
    type: 'batch.progress',
    key: `batch.progress/${batch._id}/${step === Infinity ? 'end' : step}`,
    data: { batchId: batch._id, ...toCountsView(batch.total, counts) },
  }
}

export const maxRecipients = 1_000

const Variables = v.pipe(
  v.record(
    v.pipe(v.string(), v.regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 . _ -')),
    v.union([v.pipe(v.string(), v.maxLength(4_096)), v.pipe(v.number(), v.finite())]),
  ),
  v.check((variables) => Object.keys(variables).length <= 50, 'must be at most 50'),
)
const Recipient = v.strictObject({ to: Address, variables: v.optional(Variables) })

/** The body of `POST …/messages/bulk`. */
export const SendBulk = v.strictObject({
  recipients: v.pipe(
    v.array(v.union([Address, Recipient], 'must be an address, or { to, variables }')),
    v.minLength(1, 'must not be empty'),
    v.maxLength(maxRecipients, `must be at most ${maxRecipients}`),
  ),
  message: BulkMessage,
  /** For all of them. */
  notBefore: v.optional(Instant),
  expiresAt: v.optional(Instant),
})
export type SendBulk = v.InferOutput<typeof SendBulk>
