// Switching a webhook off from our side. Said first, then done: cut short between, the next attempt does it again,
// and the fact has a key, so that it is said once.
import { teamStream } from '../../shared/model/event.ts'
import type { DisabledReason } from '../../shared/model/webhook.ts'
import { waitFor, type Work } from './work.ts'

export async function switchOff(work: Work, reason: DisabledReason): Promise<void> {
  const { _id: webhookId, epoch, revision, name, url } = work.webhook()
  if (!work.isLeaseValid()) return work.end('lost')
  await waitFor(
    work,
    () =>
      work.store.events.appendOnce(teamStream, [
        {
          type: 'webhook.disabled',
          key: `webhook.disabled/${webhookId}/${revision}`,
          data: { webhookId, name, url, reason },
        },
      ]),
    work.cutting,
  )
  const outcome = await waitFor(
    work,
    () => work.store.webhooks.disable(webhookId, { epoch, revision }, reason),
    work.cutting,
  )
  if (outcome === 'changed') return
  work.log.info({ webhookId, reason }, 'a webhook is switched off')
  work.end('off')
}
