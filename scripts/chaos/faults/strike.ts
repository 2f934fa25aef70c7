// What is done for each kind of fault. Total: a kind that is planned does not compile until it is decided here.
import type { Fault, FaultKind } from '../plan.ts'
import type { Site } from '../site.ts'
import { strikeConnection } from './connections.ts'
import { fillDisk } from './disk.ts'
import { strikeMongodb } from './mongodb.ts'
import { freezeConnector, killBothConnectors, strikeApi, strikeConnector } from './processes.ts'
import { killReceiver, strikeReceiver } from './receiver.ts'

export type Target = {
  site: Site
  /** The phones that sessions are linked to. */
  phones: readonly string[]
}

/** Resolves when it is over; `false` when it could not happen (the target was down, or is not ours). */
export type Strike = (target: Target, fault: Fault) => Promise<boolean>

const strikes: { [K in FaultKind]: Strike } = {
  'kill-connector': strikeConnector('kill'),
  'kill-both-connectors': killBothConnectors,
  'freeze-connector': freezeConnector,
  'restart-connector': strikeConnector('restart'),
  'kill-api': strikeApi('kill'),
  'restart-api': strikeApi('restart'),
  'kill-mongodb': strikeMongodb('kill'),
  'freeze-mongodb': strikeMongodb('freeze'),
  'fill-disk': fillDisk,
  drop: strikeConnection('drop'),
  'half-open': strikeConnection('half-open'),
  'stream-503': strikeConnection('stream-503'),
  'http-503': strikeConnection('http-503'),
  delay: strikeConnection('delay'),
  'receiver-refuses': strikeReceiver('refuses'),
  'receiver-hangs': strikeReceiver('hangs'),
  'receiver-slow': strikeReceiver('slow'),
  'receiver-resets': strikeReceiver('resets'),
  'receiver-down': killReceiver,
}

export const strike: Strike = (target, fault) => strikes[fault.kind](target, fault)
