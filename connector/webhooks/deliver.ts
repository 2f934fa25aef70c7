// One delivery, tried once: whether it may go, the attempt, what came of it in the database.
import type { Delivery } from '../../shared/model/delivery.ts'
import type { StoredEvent } from '../../shared/model/event.ts'
import type { Outcome } from '../../shared/store/deliveries.ts'
import { attemptDelivery, type AttemptResult } from './attempt.ts'
import { nextWaitMs } from './retry-waits.ts'
import { signHeaders } from './sign.ts'
import { switchOff } from './switch-off.ts'
import { toTestBody, toWebhookBody } from './webhook-body.ts'
import { tellGap, waitFor, type Work } from './work.ts'

/** `ended`: it stands at its end. `again`: it is due later. `stopped`: nothing was tried, or nothing may be written. */
export type Tried = { kind: 'ended' } | { kind: 'again'; dueAt: Date } | { kind: 'stopped' }

export type Deliver = (delivery: Delivery, event: StoredEvent | undefined) => Promise<Tried>

export function createDeliver(work: Work): Deliver {
  const { deliveries, webhooks } = work.store
  let failingSince = work.webhook().failingSince

  /** Written also while stopping: what was delivered and is not marked goes out twice. */
  async function mark(delivery: Delivery, result: AttemptResult | undefined, outcome: Outcome): Promise<Tried> {
    const { epoch } = work.webhook()
    const written = await waitFor(
      work,
      () => deliveries.record(delivery._id, epoch, result?.attempt, outcome),
      work.cutting,
    )
    if (written === 'lost') return { kind: 'ended' }
    return outcome.state === 'pending' ? { kind: 'again', dueAt: outcome.dueAt } : { kind: 'ended' }
  }

  async function markFailing(isFailing: boolean): Promise<void> {
    if (!isFailing && failingSince === undefined) return
    const { _id, epoch } = work.webhook()
    if (!isFailing || failingSince === undefined)
      failingSince = await waitFor(work, () => webhooks.markFailing(_id, epoch, isFailing), work.cutting)
    if (!isFailing || failingSince === undefined) return
    if (Date.now() - failingSince.getTime() >= work.timing.disableAfterMs) await switchOff(work, 'failing')
  }

  return async (delivery, event) => {
    const webhook = work.webhook()
    if (!(await waitFor(work, () => work.keys.isAlive(webhook.keyId)))) {
      await switchOff(work, 'key_revoked')
      return { kind: 'stopped' }
    }
    if (!event && delivery.stream !== undefined && delivery.seq !== undefined) {
      await tellGap(work, delivery.stream, delivery.seq, delivery.seq)
      return mark(delivery, undefined, { state: 'expired' })
    }
    if (work.stopping.aborted) return { kind: 'stopped' }
    // A worker that was stalled and woke up must not send what its successor may have sent already.
    if (!work.isLeaseValid()) {
      work.end('lost')
      return { kind: 'stopped' }
    }
    const body = event ? toWebhookBody(event) : toTestBody(delivery)
    const now = new Date()
    const result = await attemptDelivery({
      url: webhook.url,
      headers: signHeaders(delivery.eventId, now, body, webhooks.secretsOf(webhook, now)),
      body,
      outside: work.outside,
      limitMs: work.timing.attemptMs,
      signal: work.cutting,
    })
    if (result.verdict === 'stopped') return { kind: 'stopped' }
    if (result.verdict === 'delivered') {
      const tried = await mark(delivery, result, { state: 'delivered' })
      await markFailing(false)
      return tried
    }
    const waitMs = nextWaitMs(delivery.tries + 1, result.askedMs, { waitsMs: work.timing.retryWaitsMs })
    const tried = await mark(
      delivery,
      result,
      waitMs === undefined ? { state: 'failed' } : { state: 'pending', dueAt: new Date(Date.now() + waitMs) },
    )
    if (result.verdict === 'gone') await switchOff(work, 'gone')
    else await markFailing(true)
    return tried
  }
}
