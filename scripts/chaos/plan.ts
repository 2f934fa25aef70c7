// A seed becomes a timeline of faults: which, when, for how long, aimed at what. The same seed, the same plan.
import { createRandom, type Random } from './random.ts'

type Kind = {
  /** How often it is drawn, against the others. 0 = only where the plan puts it. */
  weight: number
  /** How long it lasts, ms: from … to. */
  lastsMs: readonly [number, number]
}

/** Shorter than the product's default, so that takeovers happen inside a run. */
export const leaseTtlMs = 3_000

const serviceFaults = {
  'kill-connector': { weight: 6, lastsMs: [0, 3_000] },
  'kill-both-connectors': { weight: 2, lastsMs: [0, 2_000] },
  'freeze-connector': { weight: 3, lastsMs: [leaseTtlMs + 1_000, 3 * leaseTtlMs] },
  'restart-connector': { weight: 2, lastsMs: [0, 1_000] },
  'kill-api': { weight: 3, lastsMs: [0, 2_000] },
  'restart-api': { weight: 1, lastsMs: [0, 500] },
  'kill-mongodb': { weight: 2, lastsMs: [0, 3_000] },
  'freeze-mongodb': { weight: 2, lastsMs: [1_500, 6_000] },
  'fill-disk': { weight: 0, lastsMs: [3_000, 5_000] },
  drop: { weight: 6, lastsMs: [0, 0] },
  'half-open': { weight: 2, lastsMs: [3_000, 10_000] },
  'stream-503': { weight: 2, lastsMs: [0, 0] },
  'http-503': { weight: 2, lastsMs: [0, 0] },
  delay: { weight: 2, lastsMs: [2_000, 6_000] },
} as const satisfies Record<string, Kind>

/** Of the receiver of webhooks. Mostly shorter than the first wait for another attempt, 5 s, so that a run sees many of those. */
const receiverFaults = {
  'receiver-refuses': { weight: 3, lastsMs: [300, 4_000] },
  'receiver-hangs': { weight: 1, lastsMs: [300, 2_000] },
  'receiver-slow': { weight: 2, lastsMs: [1_000, 6_000] },
  'receiver-resets': { weight: 2, lastsMs: [300, 3_000] },
  'receiver-down': { weight: 2, lastsMs: [0, 3_000] },
} as const satisfies Record<string, Kind>

export const faultKinds = { ...serviceFaults, ...receiverFaults }
export type FaultKind = keyof typeof faultKinds

export type Fault = {
  kind: FaultKind
  /** Milliseconds after the flow began. */
  atMs: number
  lastsMs: number
  /** Which connector, session or hook it is aimed at: a whole number, taken modulo how many there are. */
  target: number
  /** Of faults on the wire: so many stanzas later. */
  afterStanzas: number
}

export type Plan = {
  seed: number
  seconds: number
  faults: Fault[]
  /** MongoDB's data lies on a disk that this run will fill. */
  smallDisk: boolean
}

/** From one fault to the next, ms. Shorter than most faults last, so that they overlap. */
const pauseMs = [300, 4_000] as const
const receiverPauseMs = [500, 5_000] as const
const longFreezeMs = 20_000
/** A run shorter than this has no place for the long freeze and the full disk. */
const shortestFullRunSeconds = 30

export function createPlan(seed: number, seconds: number): Plan {
  const random = createRandom(seed)
  const endMs = seconds * 1_000
  const faults = drawFaults(random, serviceFaults, pauseMs, endMs)

  const isFull = seconds >= shortestFullRunSeconds
  const smallDisk = isFull && seed % 4 === 1
  if (smallDisk) faults.push(createFault(random, 'fill-disk', Math.round(endMs * 0.4)))
  if (isFull && seed % 10 === 0)
    faults.push({
      ...createFault(random, 'freeze-mongodb', Math.max(0, endMs - longFreezeMs - 5_000)),
      lastsMs: longFreezeMs,
    })
  // A line of their own, drawn last: the others are what they would be without them.
  faults.push(...drawFaults(random.fork(), receiverFaults, receiverPauseMs, endMs))
  return { seed, seconds, smallDisk, faults: faults.toSorted((a, b) => a.atMs - b.atMs) }
}

function drawFaults(
  random: Random,
  kinds: Partial<Record<FaultKind, Kind>>,
  everyMs: readonly [number, number],
  endMs: number,
): Fault[] {
  const drawn = (Object.entries(kinds) as [FaultKind, Kind][]).flatMap(([kind, { weight }]) =>
    Array.from({ length: weight }, () => kind),
  )
  const faults: Fault[] = []
  for (let atMs = random.between(500, 2_000); atMs < endMs; atMs += random.between(...everyMs))
    faults.push(createFault(random, random.pick(drawn), atMs))
  return faults
}

function createFault(random: Random, kind: FaultKind, atMs: number): Fault {
  const { lastsMs }: Kind = faultKinds[kind]
  return {
    kind,
    atMs,
    lastsMs: random.between(...lastsMs),
    target: random.between(0, 59),
    afterStanzas: random.between(0, 20),
  }
}
