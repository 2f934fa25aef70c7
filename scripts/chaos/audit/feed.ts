// Promise: a stream's numbers have no gap, and a message's status never goes backwards, in the feed or when asked for.
import type { RunRecord, ShownEvent, Violation } from './record.ts'

const lifeOf: Record<string, number> = { queued: 0, sent: 1, delivered: 2, read: 3, played: 4 }

export function auditFeed(record: RunRecord): Violation[] {
  return [
    ...record.sessions.flatMap(({ sessionId, feed }) => [...auditNumbers(sessionId, feed), ...auditLives(feed)]),
    ...auditSightings(record),
  ]
}

function auditNumbers(sessionId: string, feed: readonly ShownEvent[]): Violation[] {
  const wrong = feed.find((event, i) => event.seq !== i + 1)
  if (!wrong) return []
  const place = feed.indexOf(wrong) + 1
  return [
    {
      promise: 'a stream has no gap',
      detail: `${wrong.seq} stands at place ${place} of ${sessionId}`,
      ids: [wrong.id],
      atMs: Date.parse(wrong.at),
    },
  ]
}

function auditLives(feed: readonly ShownEvent[]): Violation[] {
  const violations: Violation[] = []
  const reached = new Map<string, string>()
  for (const { id, type, at, data } of feed) {
    const status = type.replace('message.', '')
    const life = lifeOf[status]
    const messageId = String(data['messageId'])
    if (life === undefined || data['fromMe'] !== true) continue
    const before = reached.get(messageId)
    reached.set(messageId, status)
    if (before === undefined || (lifeOf[before] ?? 0) < life) continue
    violations.push({
      promise: 'a status never goes backwards',
      detail: `${id} says ${status} after ${before}`,
      ids: [messageId],
      atMs: Date.parse(at),
    })
  }
  return violations
}

function auditSightings({ sightings }: RunRecord): Violation[] {
  const violations: Violation[] = []
  const reached = new Map<string, string>()
  for (const { sessionId, messageId, status, atMs } of sightings) {
    const before = reached.get(messageId)
    reached.set(messageId, status)
    if (before === undefined || (lifeOf[status] ?? -1) >= (lifeOf[before] ?? 0)) continue
    violations.push({
      promise: 'a status never goes backwards',
      detail: `${sessionId} showed ${status} after ${before}`,
      ids: [messageId],
      atMs,
    })
  }
  return violations
}
