// What recording needs: the store, the session's own stream, and who is who.
import type { EventInput } from '../../../shared/model/event.ts'
import type { EventAppender } from '../../../shared/store/events.ts'
import { isPersonJid } from '../../../shared/model/jid.ts'
import { toPerson, type Person } from '../../../shared/model/person.ts'
import type { Store } from '../../../shared/store/open-store.ts'
import type { Jids } from '../../whatsapp/facts.ts'
import type { Addresses } from './addresses.ts'
import type { ArrivalOrder } from './arrival-order.ts'
import type { SessionMedia } from '../media/files.ts'
import type { Counters } from './counters.ts'
import type { EarlyMarks } from './early-marks.ts'

export type RecordContext = {
  sessionId: string
  store: Store
  appender: EventAppender
  addresses: Addresses
  counters: Counters
  /** The session's files. Absent: none are fetched or sent. */
  media?: SessionMedia
  /** Absent: messages of one second are in no order. */
  arrivals?: ArrivalOrder
  /** Absent: a mark on a message that is not known is dropped. */
  early?: EarlyMarks
}

/** People for the data of an event, each once; `me` and groups are none. */
export function toPeople(...named: readonly ('me' | Jids)[]): { people?: Person[] } {
  const people = new Map<string, Person>()
  for (const forms of named) if (forms !== 'me' && isPersonJid(forms[0])) people.set(forms[0], toPerson(forms))
  return people.size === 0 ? {} : { people: [...people.values()] }
}

/** Facts that are written at most once carry a key; the parts are joined as they are, since ids hold no slash but the last. */
export function toFactKey(type: EventInput['type'], ...parts: string[]): string {
  return `${type}/${parts.join('/')}`
}
