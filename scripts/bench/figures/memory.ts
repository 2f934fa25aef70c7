// Memory of an idle linked session: the slope of RSS from few sessions to many, against bare Baileys with its keys in memory.
import { join } from 'node:path'
import type { Figure, Options, Sample } from '../figure.ts'
import { settleMemory, untilIdle } from '../idle.ts'
import { inspected } from '../inspector.ts'
import { rssMb } from '../process-cost.ts'
import type { Stack } from '../stack.ts'
import type { Child } from '../../start/child.ts'

const env = { NODE_OPTIONS: inspected }

async function readIdleMb(child: Child): Promise<number> {
  await untilIdle(child.pid)
  await settleMemory(child)
  return rssMb(child.pid)
}

/** Two processes of each side at once, all of them opened with sessions that are linked already. */
async function takeOne(stack: Stack, file: string, few: number, many: number): Promise<Sample> {
  const ids = Array.from({ length: few + many }, (_, i) => `idle-${i}`)
  const connected = stack.untilConnected(ids)
  const started = [few, many].map((sessions) =>
    stack.startConnector({ ...env, CONNECTOR_MAX_SESSIONS: String(sessions) }),
  )
  await connected
  const ours = await Promise.all(started)
  const bares = await Promise.all([stack.startBare(env), stack.startBare(env)])
  await bares[0].tell({ do: 'load', file, from: 0, sessions: few })
  await bares[1].tell({ do: 'load', file, from: few, sessions: many })
  const all = [...ours, ...bares.map(({ child }) => child)]
  const [oursFew = 0, oursMany = 0, theirsFew = 0, theirsMany = 0] = await Promise.all(all.map(readIdleMb))
  await Promise.all(all.map((child) => child.stop()))
  return {
    unit: 'MB per session',
    ours: (oursMany - oursFew) / (many - few),
    theirs: (theirsMany - theirsFew) / (many - few),
    also: { [`RSS with ${many}, MB`]: [oursMany, theirsMany] },
  }
}

function measure({ quick, say, withStack }: Options): Promise<Sample[]> {
  const [few, many] = quick ? [10, 40] : [50, 200]
  return withStack(async (stack) => {
    const file = join(stack.dataDir, 'bare-sessions')
    const linker = await stack.startConnector({ CONNECTOR_MAX_SESSIONS: String(few + many) })
    const bareLinker = await stack.startBare()
    await Promise.all([stack.link('idle', few + many), bareLinker.tell({ do: 'link', sessions: few + many })])
    await bareLinker.tell({ do: 'save', file })
    await Promise.all([linker.stop(), bareLinker.child.stop()])
    const samples: Sample[] = []
    // Memory needs no warm-up: the processes are new in every round.
    for (let round = 0; round < (quick ? 1 : 3); round += 1) {
      const sample = await takeOne(stack, file, few, many)
      say(`  ${sample.ours.toFixed(2)} against ${sample.theirs.toFixed(2)} MB per session`)
      samples.push(sample)
    }
    return samples
  })
}

export const memory: Figure = {
  name: 'memory per idle linked session',
  against: 'bare Baileys with its keys in memory',
  goal: { atMost: 1 },
  measure,
}
