// POST /v1/webhooks/{webhookId}/redeliver: all that ended in a range, once more. Both ends are exclusive.
import * as v from 'valibot'
import { deliveryStates } from '../../../shared/model/delivery.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { AgainRange } from '../../../shared/store/deliveries.ts'
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'
import { findWebhook } from './find-webhook.ts'

/** Deliveries looked at in one request; `nextAfter` goes on. */
const most = 1_000

const Seq = v.pipe(v.number(), v.safeInteger('must be a whole number'), v.minValue(0, 'must be at least 0'))
const Time = v.pipe(
  v.string(),
  v.isoTimestamp('must be an RFC 3339 time'),
  v.transform((text) => new Date(text)),
)
const Bound = v.optional(v.union([Seq, Time], 'must be a number with `stream`, else an RFC 3339 time'))

const RedeliverRange = v.strictObject({
  /** With it the ends are its numbers, without it the events' time. */
  stream: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(64))),
  after: Bound,
  before: Bound,
  /** Only those that ended so. */
  state: v.optional(v.picklist(deliveryStates.filter((state) => state !== 'pending'))),
})
type RedeliverRange = v.InferOutput<typeof RedeliverRange>

export const redeliverRange = (api: Api) =>
  operation(api, { scope: 'webhooks.write', body: RedeliverRange }, async (c, { actor, body }) => {
    const { _id } = await findWebhook(api, c, actor)
    const range = toRange(body)
    const { count, last, isMore } = await api.store.deliveries.redeliverRange(_id, range, most, body.state)
    if (count > 0) await api.store.webhooks.wake(_id)
    const nextAfter = isMore && last ? ('stream' in range ? last.seq : last.at) : undefined
    return c.json({ count, nextAfter: nextAfter ?? null }, 202)
  })

/** Throws `request.invalid` when an end is of the other kind, or there is none at all. */
function toRange({ stream, after, before }: RedeliverRange): AgainRange {
  const isRight = (end: number | Date | undefined) =>
    end === undefined || (stream === undefined ? end instanceof Date : typeof end === 'number')
  const errors = Object.entries({ after, before }).flatMap(([path, end]) =>
    isRight(end) ? [] : [{ path, message: stream === undefined ? 'must be an RFC 3339 time' : 'must be a number' }],
  )
  if (errors.length === 0 && after === undefined && before === undefined)
    errors.push({ path: 'after', message: 'or `before` is required' })
  if (errors.length > 0) throw new Problem('request.invalid', { errors })
  return (stream === undefined ? { after, before } : { stream, after, before }) as AgainRange
}
