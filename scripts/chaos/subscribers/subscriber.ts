// Whoever follows the feed through a run, and is audited at its end. A new one is a file here and a row in all.ts.
import type { SubscriberRecord } from '../audit/record.ts'
import type { Random } from '../random.ts'
import type { Site } from '../site.ts'

export type OpenSubscriber = {
  /** As far as it has come: the last number of each stream. */
  place(): Record<string, number>
  record(): SubscriberRecord
  /** Connections it has opened, or deliveries it was offered. */
  visits(): number
  close(): Promise<void> | void
}

/** Opened before the flow begins; it makes its own trouble (hanging up, answering badly), drawn from `random`. */
export type Subscriber = (site: Site, random: Random) => Promise<OpenSubscriber> | OpenSubscriber
