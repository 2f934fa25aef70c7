// What the parts of a pretend phone are given of the whole: its store, its Signal state, its queue.
import type { EventEmitter } from 'node:events'
import type { Address, Phone } from '../records.ts'
import type { Exchange } from '../server/exchange.ts'
import type { PhoneSignal } from './signal.ts'

export type Worker = {
  readonly exchange: Exchange
  readonly self: Address
  readonly signal: PhoneSignal
  /** The phone's record as it is now. */
  record(): Phone
  /** Runs after everything asked before; the caller must not be one of those. */
  run<T>(job: () => Promise<T>): Promise<T>
  /** Something may be waiting on the phone's queue. */
  wake(): void
  /** Told whenever a message or a receipt has been stored. */
  readonly changed: EventEmitter
  readonly verifiedIdentities: Set<string>
}
