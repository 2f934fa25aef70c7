// Whoever follows the feed through a run, and is audited at its end. A new one is a file here and a row in all.ts.
import type { ShownEvent, SubscriberRecord } from '../audit/record.ts'
import type { Random } from '../random.ts'
import type { Site } from '../site.ts'

export type OpenSubscriber = {
  /** How many events of a stream it still waits for. */
  missing(feed: readonly ShownEvent[]): number
  /** Asks, by a public route, for what it would wait for too long. */
  hurry?(): Promise<void>
  record(): SubscriberRecord
  /** Connections it has opened, or deliveries it was offered. */
  visits(): number
  close(): Promise<void> | void
}

/** Opened before the flow begins; it makes its own trouble (hanging up, answering badly), drawn from `random`. */
export type Subscriber = (site: Site, random: Random) => Promise<OpenSubscriber> | OpenSubscriber
