// What recording needs: the store, the session's own stream, and who is who.
import type { EventInput } from '../../../shared/model/event.ts'
import type { EventAppender } from '../../../shared/store/events.ts'
import type { Store } from '../../../shared/store/open-store.ts'
import type { Addresses } from './addresses.ts'
import type { Counters } from './counters.ts'

export type RecordContext = {
  sessionId: string
  store: Store
  appender: EventAppender
  addresses: Addresses
  counters: Counters
}

/** Facts that are written at most once carry a key; the parts are joined as they are, since ids hold no slash but the last. */
export function toFactKey(type: EventInput['type'], ...parts: string[]): string {
  return `${type}/${parts.join('/')}`
}
