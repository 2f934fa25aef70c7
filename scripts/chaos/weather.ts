// Carries a plan out, fault by fault at its time, and keeps what happened when: the timeline a violation is read beside.
import { setTimeout as pause } from 'node:timers/promises'
import { strike, type Target } from './faults/strike.ts'
import type { Fault, FaultKind, Plan } from './plan.ts'

export type Happening = {
  kind: FaultKind
  /** Epoch ms. */
  from: number
  to: number
  target: number
  happened: boolean
}

/** Resolves when the last fault is over. A fault that cannot be caused is a fault of the suite, and rejects. */
export async function runWeather(plan: Plan, target: Target): Promise<Happening[]> {
  const startedAt = Date.now()
  const carryOut = async (fault: Fault): Promise<Happening> => {
    await pause(Math.max(0, startedAt + fault.atMs - Date.now()))
    const from = Date.now()
    const happened = await strike(target, fault)
    return { kind: fault.kind, from, to: Date.now(), target: fault.target, happened }
  }
  return Promise.all(plan.faults.map(carryOut))
}

/** Nothing is armed any more, everything runs, and connections that went deaf are torn down. */
export async function clearUp({ site }: Target): Promise<void> {
  site.disk?.free()
  await site.door('DELETE', '/faults')
  await site.door('POST', '/faults', { kind: 'drop' })
  for (const program of site.programs()) await program.whenUp()
  // A new receiver behaves well, and whom the old one kept hanging hears that it is gone.
  await site.receiver.kill(0)
}
