// Linked sessions ready after a start: CPU until the last one is connected, against bare Baileys opening as many.
import { join } from 'node:path'
import type { Figure, Options, Sample } from '../figure.ts'
import { cpuMs } from '../process-cost.ts'
import { takeRounds } from '../rounds.ts'
import type { Child } from '../../start/child.ts'

type Cost = { cpuSeconds: number; seconds: number }

/** CPU counts from `ready`, so that loading the program counts on neither side; seconds count from the start of the process. */
async function costOf(
  start: () => Promise<{ child: Child; isReady: Promise<unknown> }>,
): Promise<Cost & { child: Child }> {
  const startedAt = performance.now()
  const { child, isReady } = await start()
  const before = cpuMs(child.pid)
  await isReady
  return {
    child,
    cpuSeconds: (cpuMs(child.pid) - before) / 1_000,
    seconds: (performance.now() - startedAt) / 1_000,
  }
}

function measure({ quick, say, withStack }: Options): Promise<Sample[]> {
  const sessions = quick ? 40 : 200
  return withStack(async (stack) => {
    const file = join(stack.dataDir, 'bare-sessions')
    const [linker, bareLinker] = await Promise.all([stack.startConnector(), stack.startBare()])
    const [linked] = await Promise.all([stack.link('restart', sessions), bareLinker.tell({ do: 'link', sessions })])
    const ids = linked.map(({ id }) => id)
    await bareLinker.tell({ do: 'save', file })
    await Promise.all([linker.stop(), bareLinker.child.stop()])

    return takeRounds(quick ? 2 : 3, say, async () => {
      const ours = await costOf(async () => {
        const isReady = stack.untilConnected(ids)
        return { child: await stack.startConnector(), isReady }
      })
      await ours.child.stop()
      let save = (): Promise<unknown> => Promise.resolve()
      const theirs = await costOf(async () => {
        const bare = await stack.startBare()
        save = () => bare.tell({ do: 'save', file })
        return { child: bare.child, isReady: bare.tell({ do: 'load', file, from: 0, sessions }) }
      })
      await save()
      await theirs.child.stop()
      return {
        unit: 's of CPU',
        ours: ours.cpuSeconds,
        theirs: theirs.cpuSeconds,
        also: { 'seconds from the start': [ours.seconds, theirs.seconds] },
      }
    })
  })
}

export const restart: Figure = {
  name: 'sessions ready after a connector restart',
  against: 'CPU of bare Baileys opening as many',
  goal: { atMost: 1.3 },
  measure,
}
