// Events of one stream whose numbers follow each other, handed on together: what is done for a run is not done for each event.
import type { StoredEvent } from '../model/event.ts'

export type Run = readonly [StoredEvent, ...StoredEvent[]]

export const lastOf = (run: Run): StoredEvent => run[run.length - 1] ?? run[0]

/** In each stream's order of arrival; a gap, or a number that comes again, begins another run. */
export function toRuns(events: readonly StoredEvent[]): Run[] {
  const runs: [StoredEvent, ...StoredEvent[]][] = []
  const open = new Map<string, [StoredEvent, ...StoredEvent[]]>()
  for (const event of events) {
    const run = open.get(event.stream)
    if (run && lastOf(run).seq + 1 === event.seq) run.push(event)
    else {
      const begun: [StoredEvent] = [event]
      open.set(event.stream, begun)
      runs.push(begun)
    }
  }
  return runs
}
