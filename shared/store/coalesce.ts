// Group commit: what is asked while one round trip is under way goes together in the next, whoever asked.
import { isUnavailable } from './client.ts'

/** One result per item, in order: its value, or what was wrong with this item alone. */
export type Outcome<Out> = { value: Out } | { error: unknown }

export type Coalesced<In, Out> = (item: In) => Promise<Out>

type Waiting<In, Out> = { item: In; resolve: (value: Out) => void; reject: (error: unknown) => void }

/**
 * `run` writes a batch in its order and tells the outcome of each item. One batch at a time, at most `maxItems` in one
 * (default 500). When `run` throws because the database is away, every item of the batch is rejected with it; when it throws
 * otherwise, each item is tried alone, so that nobody fails for what a neighbour sent.
 */
export function createCoalescer<In, Out>(
  run: (items: readonly In[]) => Promise<Outcome<Out>[]>,
  { maxItems = 500 }: { maxItems?: number } = {},
): Coalesced<In, Out> {
  let waiting: Waiting<In, Out>[] = []
  let isRunning = false

  async function write(batch: readonly Waiting<In, Out>[]): Promise<void> {
    try {
      const outcomes = await run(batch.map(({ item }) => item))
      for (const [i, one] of batch.entries()) {
        const outcome = outcomes[i] ?? { error: new Error('an item without an outcome') }
        if ('error' in outcome) one.reject(outcome.error)
        else one.resolve(outcome.value)
      }
    } catch (error) {
      if (batch.length === 1 || isUnavailable(error)) for (const one of batch) one.reject(error)
      else for (const one of batch) await write([one])
    }
  }

  async function drain(): Promise<void> {
    isRunning = true
    // One turn of the event loop: what this tick asks shares the first round trip too.
    await new Promise((resolve) => setImmediate(resolve))
    while (waiting.length > 0) await write(waiting.splice(0, maxItems))
    isRunning = false
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (!isRunning) void drain()
    })
}

/** The same for calls that bring several items each; a call fails with the first error among its own. */
export function coalesceMany<In, Out>(one: Coalesced<In, Out>): (items: readonly In[]) => Promise<Out[]> {
  return (items) => Promise.all(items.map(one))
}
