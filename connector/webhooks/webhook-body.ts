// The body of a delivery, as Standard Webhooks has it: `type`, `timestamp`, `data`; and our own place in the feed.
import type { StoredEvent } from '../../shared/model/event.ts'
import type { Delivery } from '../../shared/model/delivery.ts'

export function toWebhookBody(event: StoredEvent): string {
  const { stream, seq, type, data } = event
  return JSON.stringify({ type, timestamp: event.at.toISOString(), data, id: `${stream}:${seq}`, stream, seq })
}

export function toTestBody(test: Delivery): string {
  return JSON.stringify({
    type: test.type,
    timestamp: test.at.toISOString(),
    data: { webhookId: test.webhookId, text: 'A try-out: this receiver can be reached.' },
    id: test.eventId,
  })
}
