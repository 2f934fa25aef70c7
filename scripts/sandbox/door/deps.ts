// What the door's routes are given.
import type { CodePairing } from '../linking/pair-by-code.ts'
import type { WaitingClients } from '../linking/waiting-clients.ts'
import type { Phones } from '../phone/phones.ts'
import type { Exchange } from '../server/exchange.ts'
import type { Calls } from '../server/calls.ts'
import type { SignalRouter } from '../server/route-signals.ts'

export type DoorDeps = {
  exchange: Exchange
  phones: Phones
  waiting: WaitingClients
  codes: CodePairing
  signals: SignalRouter
  calls: Calls
  /** Our own address, known once we listen. */
  place: { url: string }
}
