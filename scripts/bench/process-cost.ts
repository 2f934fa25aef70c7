// What a process costs: its memory and its CPU time, as the kernel counts them. Needs Linux.
import { readFileSync } from 'node:fs'
import { perSecond } from './rounds.ts'

/** Resident memory, MB. */
export function rssMb(pid: number): number {
  const kb = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kb) / 1024
}

/** User and system time so far, ms; /proc counts in hundredths of a second. */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}

export type Work = {
  /** A second. */
  rate: number
  /** CPU for each, ms: of the process that holds the sessions, and of all that take part. */
  holderMs: number
  allMs: number
}

/** What `count` of something cost, with every process that took part in it. */
export async function measureWork(
  count: number,
  { holder, others }: { holder: number; others: readonly number[] },
  run: () => Promise<unknown>,
): Promise<Work> {
  const cpuOf = (pids: readonly number[]) => pids.reduce((sum, pid) => sum + cpuMs(pid), 0)
  const [holderBefore, othersBefore] = [cpuMs(holder), cpuOf(others)]
  const rate = await perSecond(count, run)
  const holderMs = (cpuMs(holder) - holderBefore) / count
  return { rate, holderMs, allMs: holderMs + (cpuOf(others) - othersBefore) / count }
}

/** Both sides' work as a sample. */
export const toWorkSample = (ours: Work, theirs: Work) => ({
  unit: 'messages/s',
  ours: ours.rate,
  theirs: theirs.rate,
  also: {
    'CPU ms a message, of who holds the sessions': [ours.holderMs, theirs.holderMs] as [number, number],
    'of all processes': [ours.allMs, theirs.allMs] as [number, number],
  },
})
