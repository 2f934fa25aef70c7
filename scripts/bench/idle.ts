// When a process is idle, and how its garbage is collected then, so that what a start leaves behind hides nothing.
import WebSocket from 'ws'
import type { Child } from '../start/child.ts'
import { cpuMs } from './process-cost.ts'

/** Every minute a connector folds its key logs, and lets go of what is folded. */
const foldedAfterMs = 75_000
/** Idle: the CPU of a window is no less than the window's before, give or take so much. */
const steadyMs = 50
const windowMs = 5_000
const giveUpMs = 120_000

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** NODE_OPTIONS of a process whose garbage is to be collected. */
export const inspected = '--inspect=127.0.0.1:0'

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

/** Asked over the inspector, of a process that was started with `inspected`; a moment later its memory may be read. */
export async function collectGarbage(child: Child): Promise<void> {
  const address = /ws:\/\/127\.0\.0\.1:\S+/.exec(child.stderr())?.[0]
  if (!address) throw new Error('the process has no inspector')
  const inspector = new WebSocket(address)
  await new Promise((resolve, reject) => inspector.once('open', resolve).once('error', reject))
  for (const id of [1, 2]) {
    const answered = new Promise((resolve) => inspector.once('message', resolve))
    inspector.send(JSON.stringify({ id, method: 'HeapProfiler.collectGarbage' }))
    await answered
  }
  inspector.close()
  await sleep(1_000)
}
