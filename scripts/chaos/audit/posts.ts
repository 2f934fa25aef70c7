// Promise: each POST of a webhook is an event of the feed as it stands there, under the event's own id, signed, and one
// that the webhook may deliver; also those that its receiver did not take.
import { isDeepStrictEqual } from 'node:util'
import { Webhook } from 'standardwebhooks'
import type { RunRecord, ShownEvent, SubscriberRecord, Violation, WebhookPost } from './record.ts'
import { isWanted } from './wanted.ts'

export function auditPosts(record: RunRecord): Violation[] {
  const feeds = new Map(record.sessions.map(({ sessionId, feed }) => [sessionId, feed]))
  const events = new Map([...feeds.values()].flat().map((event) => [event.id, event]))
  return record.subscribers.flatMap((subscriber) => {
    const { secret, came } = subscriber.posts ?? { secret: '', came: [] }
    const faults = came.flatMap((post) => {
      const fault =
        findWrongSignature(secret, post) ??
        findForeign(subscriber, post) ??
        findDifference(events.get(post.id), feeds.get(post.id.split(':')[0] ?? ''), post)
      return fault === undefined ? [] : [{ fault, id: post.id }]
    })
    return [...new Set(faults.map(({ fault }) => fault))].map((fault) => ({
      promise: `${subscriber.name} is sent what the feed holds, under its id and signed, and nothing else`,
      detail: fault,
      ids: faults.filter((one) => one.fault === fault).map(({ id }) => id),
      atMs: timeOf(events.get(faults.find((one) => one.fault === fault)?.id ?? '')),
    }))
  })
}

const timeOf = (event: ShownEvent | undefined) => event && Date.parse(event.at)

/** Signed anew: `verify` would compare the timestamp with today. */
function findWrongSignature(secret: string, { id, timestamp, signature, body }: WebhookPost): string | undefined {
  const expected = new Webhook(secret).sign(id, new Date(Number(timestamp) * 1_000), body)
  return signature.split(' ').includes(expected) ? undefined : 'its signature is wrong'
}

function findForeign({ wants }: SubscriberRecord, { body }: WebhookPost): string | undefined {
  return isWanted(wants, JSON.parse(body) as ShownEvent) ? undefined : 'it was not asked for, or may not be seen'
}

function findDifference(
  event: ShownEvent | undefined,
  feed: readonly ShownEvent[] | undefined,
  { id, body }: WebhookPost,
): string | undefined {
  const { timestamp, ...said } = JSON.parse(body) as ShownEvent & { timestamp: string }
  if (said.id !== id || id !== `${said.stream}:${said.seq}`) return 'it has another id in its head than in its body'
  // The team's stream is nobody's session; what came after the feed was read cannot be compared.
  if (!feed || said.seq > (feed.at(-1)?.seq ?? 0)) return undefined
  if (!event) return 'the feed does not hold it'
  const { at, ...held } = event
  return timestamp === at && isDeepStrictEqual(said, held) ? undefined : 'it is not as the feed holds it'
}
