// When a process is idle, and how its garbage is collected then, so that what a start leaves behind hides nothing.
import type { Child } from '../start/child.ts'
import { collectGarbage, openInspector } from './inspector.ts'
import { cpuMs } from './process-cost.ts'

/** Every minute a connector folds its key logs, and lets go of what is folded. */
const foldedAfterMs = 75_000
/** Idle: the CPU of a window is no less than the window's before, give or take so much. */
const steadyMs = 50
const windowMs = 5_000
const giveUpMs = 120_000

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Returns the CPU of the last window as a share of one core. */
export async function untilIdle(pid: number): Promise<number> {
  await sleep(foldedAfterMs)
  let last = Infinity
  for (const startedAt = Date.now(); ;) {
    const before = cpuMs(pid)
    await sleep(windowMs)
    const used = cpuMs(pid) - before
    if (Math.abs(last - used) <= steadyMs || Date.now() - startedAt > giveUpMs) return used / windowMs
    last = used
  }
}

/** Of a process that was started with `inspected`; a moment later its memory may be read. */
export async function settleMemory(child: Child): Promise<void> {
  const inspector = await openInspector(child.stderr())
  await collectGarbage(inspector)
  inspector.close()
  await sleep(1_000)
}
