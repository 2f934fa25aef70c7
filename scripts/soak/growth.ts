// What must not grow in a process that lives for weeks: its heap after a collection, its timers, its listeners.
import { collectGarbage, type Inspector } from '../bench/inspector.ts'

export type Sample = { minute: number; heapMb: number; rssMb: number; timers: number; listeners: number }

type Evaluated<T> = { result: { value: T } }

/** In the process: what it holds by its own account. */
const account = `(() => {
  const { heapUsed, external, rss } = process.memoryUsage()
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  return { heapMb: (heapUsed + external) / 2 ** 20, rssMb: rss / 2 ** 20, timers }
})()`

/** The prototype of every emitter: the one above `process`'s own (Node 20). */
const emitters = 'Object.getPrototypeOf(Object.getPrototypeOf(process))'

const countListeners = `function () {
  let count = 0
  for (const one of this) {
    // A prototype is among them, and has no table of listeners.
    if (one._events !== undefined) for (const name of one.eventNames()) count += one.listenerCount(name)
  }
  return count
}`

/** After two collections, so that garbage counts for nothing. Stops the process for as long as it takes, some tenths of a second. */
export async function takeSample(inspector: Inspector, minute: number): Promise<Sample> {
  await collectGarbage(inspector)
  const { call } = inspector
  const held = await call<Evaluated<Omit<Sample, 'minute' | 'listeners'>>>('Runtime.evaluate', {
    expression: account,
    returnByValue: true,
  })
  const prototype = await call<{ result: { objectId: string } }>('Runtime.evaluate', { expression: emitters })
  const { objects } = await call<{ objects: { objectId: string } }>('Runtime.queryObjects', {
    prototypeObjectId: prototype.result.objectId,
    objectGroup: 'soak',
  })
  const listeners = await call<Evaluated<number>>('Runtime.callFunctionOn', {
    objectId: objects.objectId,
    functionDeclaration: countListeners,
    returnByValue: true,
  })
  await call('Runtime.releaseObjectGroup', { objectGroup: 'soak' })
  return { minute, ...held.result.value, listeners: listeners.result.value }
}

export type Verdict = { grows: string[]; heapMbPerHour: number }

/** Room for what a session's own small records and the collector's mood add, as a share of what there was. */
const tolerated = { heapMb: 0.1, timers: 0.25, listeners: 0.1 } as const

/**
 * Holds the medians of the last third against those of the first, of samples from `fromMinute` on: a leak grows with time, a cache ends.
 * Fewer than six samples say nothing.
 */
export function judgeGrowth(samples: readonly Sample[], fromMinute: number): Verdict {
  const counted = samples.filter(({ minute }) => minute >= fromMinute)
  const [first, last] = [counted.at(0), counted.at(-1)]
  if (!first || !last || counted.length < 6) return { grows: ['too few samples to tell'], heapMbPerHour: Number.NaN }
  const third = Math.floor(counted.length / 3)
  const [early, late] = [counted.slice(0, third), counted.slice(-third)]
  const grows: string[] = []
  for (const [what, share] of Object.entries(tolerated) as [keyof typeof tolerated, number][]) {
    const [before, after] = [medianOf(early, what), medianOf(late, what)]
    if (after > before * (1 + share))
      grows.push(`${what} from ${before.toFixed(1)} to ${after.toFixed(1)}, more than ${share * 100} %`)
  }
  const hours = (last.minute - first.minute) / 60
  return { grows, heapMbPerHour: (medianOf(late, 'heapMb') - medianOf(early, 'heapMb')) / ((hours * 2) / 3) }
}

function medianOf(samples: readonly Sample[], what: keyof Sample): number {
  const sorted = samples.map((sample) => sample[what]).toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
