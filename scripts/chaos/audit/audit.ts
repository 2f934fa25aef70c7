// The auditor: compares what was promised with what is there. Pure; an empty list is a run without fault.
import { auditChanges } from './changes.ts'
import { auditFeed } from './feed.ts'
import { auditIncoming } from './incoming.ts'
import { auditOutgoing } from './outgoing.ts'
import { auditPosts } from './posts.ts'
import type { RunRecord, Violation } from './record.ts'
import { auditSubscribers } from './subscribers.ts'

export function audit(record: RunRecord): Violation[] {
  return [
    ...record.surprises.map((detail) => ({
      promise: 'nothing but "later" is answered, nothing ends by itself',
      detail,
      ids: [],
    })),
    ...auditOutgoing(record),
    ...auditIncoming(record),
    ...auditChanges(record),
    ...auditFeed(record),
    ...auditSubscribers(record),
    ...auditPosts(record),
  ]
}
