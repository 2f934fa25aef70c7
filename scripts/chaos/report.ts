// What people read of a run: its counts in one line, and for each violation what happened around it.
import type { Violation } from './audit/record.ts'
import type { FaultKind } from './plan.ts'
import type { Happening } from './weather.ts'

export type Counts = {
  out: number
  in: number
  changes: number
  /** Requests asked again: not answered, or with "later". */
  repeats: number
  events: number
  takeovers: number
  retryReceipts: number
  duplicates: number
  subscriberVisits: number
  faults: Partial<Record<FaultKind, number>>
  skippedFaults: number
  seconds: number
}

export type RunResult = {
  seed: number
  /** The words that repeat it. */
  command: string
  counts: Counts
  violations: Violation[]
  timeline: Happening[]
  startedAt: number
  notes: string[]
  /** Where the logs are; only when there are violations. */
  folder?: string
}

const aroundMs = 12_000
const shownIds = 8

export function addCounts(all: readonly Counts[]): Counts {
  const total: Counts = {
    out: 0,
    in: 0,
    changes: 0,
    repeats: 0,
    events: 0,
    takeovers: 0,
    retryReceipts: 0,
    duplicates: 0,
    subscriberVisits: 0,
    faults: {},
    skippedFaults: 0,
    seconds: 0,
  }
  for (const { faults, ...numbers } of all) {
    for (const [name, count] of Object.entries(numbers)) total[name as keyof typeof numbers] += count
    for (const [kind, count] of Object.entries(faults))
      total.faults[kind as FaultKind] = (total.faults[kind as FaultKind] ?? 0) + count
  }
  return total
}

export function formatCounts(counts: Counts): string {
  const faults = Object.entries(counts.faults).map(([kind, count]) => `${kind} ${count}`)
  return [
    `${counts.out} texts out, ${counts.in} in, ${counts.changes} changes, ${counts.events} events, ${Math.round(counts.seconds)} s`,
    `faults: ${faults.join(', ') || 'none'}${counts.skippedFaults > 0 ? `; could not happen: ${counts.skippedFaults}` : ''}`,
    `takeovers ${counts.takeovers}, requests repeated ${counts.repeats}, visits of subscribers ${counts.subscriberVisits}, ` +
      `retry receipts ${counts.retryReceipts}, received again by a phone ${counts.duplicates}`,
  ].join('\n  ')
}

export function formatRun({
  seed,
  command,
  counts,
  violations,
  timeline,
  startedAt,
  notes,
  folder,
}: RunResult): string {
  const lines = [
    `seed ${seed}: ${violations.length === 0 ? 'nothing lost, doubled or out of order' : `${violations.length} VIOLATIONS`}`,
    `  ${formatCounts(counts)}`,
    ...notes.map((note) => `  note: ${note}`),
  ]
  for (const { promise, detail, ids, atMs } of violations) {
    lines.push(`  ✗ ${promise}: ${detail}`)
    if (ids.length > 0)
      lines.push(
        `    ${ids.slice(0, shownIds).join(', ')}${ids.length > shownIds ? ` and ${ids.length - shownIds} more` : ''}`,
      )
    if (atMs !== undefined) {
      lines.push(`    at ${formatSeconds(atMs - startedAt)}; around it:`)
      const around = timeline.filter(({ from, to }) => from < atMs + aroundMs && to > atMs - aroundMs)
      lines.push(...around.map((one) => `      ${formatHappening(one, startedAt)}`))
    }
  }
  if (violations.length > 0)
    lines.push(`  repeat: ${command}`, ...(folder ? [`  logs, record and timeline: ${folder}`] : []))
  return lines.join('\n')
}

export function formatHappening({ kind, from, to, target, happened }: Happening, startedAt: number): string {
  const span = `${formatSeconds(from - startedAt)} to ${formatSeconds(to - startedAt)}`
  return `${span}  ${kind} (${target})${happened ? '' : ' could not happen'}`
}

const formatSeconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`
