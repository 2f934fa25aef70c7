// Promise: a reader that keeps its cursor sees each event once and in order; one that is told at least once misses none,
// and takes them in order where it asked for that.
import type { RunRecord, ShownEvent, SubscriberRecord, Violation } from './record.ts'
import { compareSequence } from './sequence.ts'
import { isWanted } from './wanted.ts'

export function auditSubscribers(record: RunRecord): Violation[] {
  return record.subscribers.flatMap((subscriber) => [
    ...subscriber.complaints.map((detail) => ({ promise: `${subscriber.name} is served`, detail, ids: [] })),
    ...record.sessions.flatMap(({ sessionId, feed }) => auditStream(subscriber, sessionId, feed)),
  ])
}

function auditStream(subscriber: SubscriberRecord, stream: string, feed: readonly ShownEvent[]): Violation[] {
  const head = feed.at(-1)?.seq ?? 0
  const seen = subscriber.events.filter((event) => event.stream === stream && event.seq <= head)
  const wanted = feed.filter((event) => isWanted(subscriber.wants, event))
  const nameOf = ({ id, type }: { id: string; type: string }) => `${id} ${type}`
  const once = subscriber.repeats === 'never'
  return compareSequence(wanted.map(nameOf), seen.map(nameOf), subscriber.order)
    .filter(({ kind }) => once || kind !== 'doubled')
    .map(({ kind, names }) => {
      const about = feed.find((event) => names.includes(nameOf(event)))
      return {
        promise: once
          ? `${subscriber.name} sees each event once, in order`
          : `${subscriber.name} is told of each event at least once${subscriber.order === 'in order' ? ', in order' : ''}`,
        detail: `${kind} in ${stream}`,
        ids: names,
        atMs: about && Date.parse(about.at),
      }
    })
}
